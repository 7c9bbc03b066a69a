/** `localhost`, the names that end in `.localhost` (RFC 6761, section 6.3), and the loopback addresses. */
const LOCAL = /^(?:(?:.+\.)?localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])$/i

/**
 * Whether browsers trust plain HTTP to this host. Most browsers then also keep its Secure cookies.
 * @param hostname without a port, and with brackets around an IPv6 address
 */
export const isLocalHost = (hostname: string): boolean => LOCAL.test(hostname)
