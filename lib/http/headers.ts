/** What a response has under one header name. */
export type HeaderValue = string | number | readonly string[] | undefined

const text = (value: HeaderValue): string => (value === undefined ? '' : String(value))

/**
 * Cache-Control for a response that sets the session cookie: nobody else may be handed it from a cache (RFC 9111,
 * section 7.3). The application's own value stays only if it already keeps shared caches out.
 */
export function withoutSharedCaching(current: HeaderValue): string {
  return keptOut(text(current), /(^|[\s,])(no-store|private)($|[\s,])/i)
}

/**
 * Whether the header is for some shared caches alone, which obey it before Cache-Control: `CDN-Cache-Control` and all others
 * that are named after it (RFC 9213), those of older caches, and nginx's.
 * @param name in lower case
 */
export function isForSharedCaches(name: string): boolean {
  return name.endsWith('-cache-control') || OLDER_NAMES.has(name)
}

const OLDER_NAMES: ReadonlySet<string> = new Set(['surrogate-control', 'edge-control', 'x-accel-expires'])

/** The value of such a header for a response that sets the session cookie. */
export function withoutTargetedCaching(name: string, current: HeaderValue): string {
  if (name === 'x-accel-expires') return '0'
  // Not all that obey the older ones know `private`.
  return OLDER_NAMES.has(name) ? keptOut(text(current), /(^|[\s,])no-store($|[\s,])/i) : withoutSharedCaching(current)
}

/** Whether it is such a header, and its value lets those caches keep the response. */
export function isTargetedCaching(name: string, current: HeaderValue): boolean {
  return isForSharedCaches(name) && withoutTargetedCaching(name, current) !== text(current)
}

/** @returns the value if it has a directive that keeps caches out, else `no-store` */
function keptOut(value: string, directive: RegExp): string {
  // `private="x"` is about some header fields alone (RFC 9111, section 5.2.2.7), and a quoted string about nothing.
  return directive.test(value.replace(/"(?:[^"\\]|\\.)*"?/g, '""')) ? value : 'no-store'
}

/** Vary for a response that depends on the session cookie. */
export function varyOnCookie(current: HeaderValue): string {
  const value = text(current)
  if (value === '') return 'Cookie'
  return /(^|[\s,])(cookie|\*)($|[\s,])/i.test(value) ? value : `${value}, Cookie`
}

/** The Set-Cookie lines without those that set the same cookie. */
export function withoutCookie(current: HeaderValue, isSame: (line: string) => boolean): string[] {
  if (current === undefined) return []
  return (Array.isArray(current) ? current : [text(current)]).filter((line) => !isSame(line))
}
