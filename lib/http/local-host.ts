/** `localhost` and the names below it (RFC 6761, section 6.3), and the addresses of this machine. */
const LOCAL = /^(?:(?:.+\.)?localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])$/i

/**
 * Whether browsers take plain HTTP to this host for trustworthy, and most of them keep Secure cookies.
 * @param hostname without a port; IPv6 in brackets
 */
export const isLocalHost = (hostname: string): boolean => LOCAL.test(hostname)
