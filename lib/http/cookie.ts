import type { ResolvedCookie } from '../settings.ts'

/** Browsers drop a cookie if its name, `=` and value together are longer than this (RFC 6265bis, section 5.6). */
export const MAX_COOKIE_BYTES = 4096
const SAFE_VALUE = /^[A-Za-z0-9._~+/=-]+$/
const EPOCH = 'Thu, 01 Jan 1970 00:00:00 GMT'

/** The function `serializeCookie` of @fastify/cookie. */
export type SerializeCookie = (
  name: string,
  value: string,
  options: Omit<ResolvedCookie, 'secure' | 'domain' | 'priority'> & {
    secure: boolean
    domain?: string
    priority?: 'low' | 'medium' | 'high'
  }
) => string

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/** The values that a request's Cookie header has for one name: none, one, or several different values in their order. */
export type CookieValue = string | readonly string[] | undefined

/** At most this many values of one name are tried, because each value may cost a read from the store. */
const MOST_VALUES = 4

/**
 * Finds the value of the cookie with this name. The value is neither percent-decoded nor unquoted.
 *
 * A browser sends several values if it has cookies with different paths or domains. The cookie with the longer path comes
 * first (RFC 6265, section 5.4). Of several values, only those that can be session ids are returned, without repetitions.
 */
export function findCookies(header: string | undefined, name: string): CookieValue {
  if (header === undefined) return undefined
  const start = valueStart(header, name, 0)
  if (start === -1) return undefined
  const first = valueAt(header, start)
  let next = valueStart(header, name, start)
  if (next === -1) return first
  const values = new Set(isSafeValue(first) ? [first] : [])
  for (; next !== -1 && values.size < MOST_VALUES; next = valueStart(header, name, next)) {
    const value = valueAt(header, next)
    if (isSafeValue(value)) values.add(value)
  }
  if (values.size > 1) return [...values]
  const [only = first] = values
  return only
}

/** The position where the value of the next cookie with this name begins, or -1 if there is no such cookie. */
function valueStart(header: string, name: string, from: number): number {
  for (let at = header.indexOf(name, from); at !== -1; at = header.indexOf(name, at + name.length)) {
    let before = at - 1
    while (before >= 0 && isSpace(header.charCodeAt(before))) before--
    if (before >= 0 && header[before] !== ';') continue
    let after = at + name.length
    while (isSpace(header.charCodeAt(after))) after++
    if (header[after] === '=') return after + 1
  }
  return -1
}

function valueAt(header: string, start: number): string {
  const end = header.indexOf(';', start)
  return header.slice(start, end === -1 ? undefined : end).trim()
}

/** Whether a cookie's value can be a session id. Any other value never reaches a store or a header. */
export function isSafeValue(value: string): boolean {
  return value.length <= MAX_COOKIE_BYTES && SAFE_VALUE.test(value)
}

/** The size in bytes that a browser counts. Name and value are ASCII. */
export const cookieSize = (name: string, value: string): number => name.length + '='.length + value.length

/** Makes the Set-Cookie lines for one cookie. */
export interface CookieWriter {
  /** @param maxAge in seconds, or `undefined` for a cookie that lasts until the browser closes */
  issue(value: string, maxAge: number | undefined, secure: boolean): string
  /** The line has the same path, domain and flags. Otherwise a browser would keep a `__Host-` or partitioned cookie. */
  clear(secure: boolean): string
  /** Whether a Set-Cookie line sets the same cookie, because its name, domain and path are equal. */
  isSame(line: string): boolean
}

/** Serializes the attributes once, when the plugin is registered, because they are the same for every response. */
export function cookieWriter(name: string, attributes: ResolvedCookie, serialize: SerializeCookie): CookieWriter {
  const start = `${name}=`
  const { secure: _, domain, priority, ...rest } = attributes
  const optional = { ...(domain !== undefined && { domain }), ...(priority !== undefined && { priority }) }
  const tail = (secure: boolean) => serialize(name, '', { ...rest, ...optional, secure }).slice(start.length)
  const secureTail = tail(true)
  const plainTail = tail(false)
  const identity = identityOf(secureTail)
  return {
    issue(value, maxAge, secure) {
      const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
      return start + value + age + (secure ? secureTail : plainTail)
    },
    clear(secure) {
      return `${start}; Expires=${EPOCH}${secure ? secureTail : plainTail}`
    },
    isSame(line) {
      return line.startsWith(start) && identityOf(line) === identity
    }
  }
}

/** The domain and path of a Set-Cookie line. For a browser, two cookies with one name are the same if these are equal. */
function identityOf(line: string): string {
  let domain = ''
  let path = ''
  for (const attribute of line.split(';').slice(1)) {
    const [key = '', value = ''] = attribute.split('=', 2)
    if (key.trim().toLowerCase() === 'domain') domain = value.trim().toLowerCase().replace(/^\./, '')
    else if (key.trim().toLowerCase() === 'path') path = value.trim()
  }
  return `${domain};${path}`
}
