type HeaderValue = string | number | readonly string[] | undefined

const text = (value: HeaderValue): string => (value === undefined ? '' : String(value))

/**
 * Cache-Control for a response that sets the session cookie: nobody else may be handed it from a cache (RFC 9111,
 * section 7.3). The application's own value stays only if it already keeps shared caches out.
 */
export function withoutSharedCaching(current: HeaderValue): string {
  const value = text(current)
  if (value === '') return 'no-store'
  // `private="x"` is about some header fields alone (RFC 9111, section 5.2.2.7), and a quoted string about nothing.
  const directives = value.replace(/"(?:[^"\\]|\\.)*"?/g, '""')
  return /(^|[\s,])(no-store|private)($|[\s,])/i.test(directives) ? value : 'no-store'
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
