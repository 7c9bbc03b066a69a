/** The value of a response header. */
export type HeaderValue = string | number | readonly string[] | undefined

const text = (value: HeaderValue): string => (value === undefined ? '' : String(value))

/**
 * The value of Cache-Control for a response that sets the session cookie. A shared cache must not store this response,
 * because it would hand the cookie to other visitors (RFC 9111, section 7.3). The application's own value is kept only if
 * it already forbids shared caching.
 */
export function withoutSharedCaching(current: HeaderValue): string {
  return keptOut(text(current), /(^|[\s,])(no-store|private)($|[\s,])/i)
}

/**
 * Whether a header addresses some shared caches only, and has priority over Cache-Control there. Such headers are
 * `CDN-Cache-Control` and others with that ending (RFC 9213), the headers of older caches, and the header of nginx.
 * @param name in lower case
 */
export function isForSharedCaches(name: string): boolean {
  return name.endsWith('-cache-control') || OLDER_NAMES.has(name)
}

const OLDER_NAMES: ReadonlySet<string> = new Set(['surrogate-control', 'edge-control', 'x-accel-expires'])

/**
 * The value of a header for shared caches, for a response that sets the session cookie.
 * @param name in lower case, one for which `isForSharedCaches(name)` is true
 */
export function withoutTargetedCaching(name: string, current: HeaderValue): string {
  if (name === 'x-accel-expires') return '0'
  // Some caches that obey the older headers do not know `private`.
  return OLDER_NAMES.has(name) ? keptOut(text(current), /(^|[\s,])no-store($|[\s,])/i) : withoutSharedCaching(current)
}

/** Whether this is a header for shared caches, and its value lets such a cache store the response. */
export function isTargetedCaching(name: string, current: HeaderValue): boolean {
  return isForSharedCaches(name) && withoutTargetedCaching(name, current) !== text(current)
}

/** @returns the value, if it has a directive that forbids caching, and `no-store` otherwise */
function keptOut(value: string, directive: RegExp): string {
  // `private="x"` only concerns the header field x (RFC 9111, section 5.2.2.7). Text in quotes is not a directive.
  return directive.test(value.replace(/"(?:[^"\\]|\\.)*"?/g, '""')) ? value : 'no-store'
}

/** The value of Vary for a response that depends on the session cookie. */
export function varyOnCookie(current: HeaderValue): string {
  const value = text(current)
  if (value === '') return 'Cookie'
  return /(^|[\s,])(cookie|\*)($|[\s,])/i.test(value) ? value : `${value}, Cookie`
}

/** The Set-Cookie lines of a response, without those for which `isSame` is true. */
export function withoutCookie(current: HeaderValue, isSame: (line: string) => boolean): string[] {
  if (current === undefined) return []
  return (Array.isArray(current) ? current : [text(current)]).filter((line) => !isSame(line))
}
