import type { ResolvedCookie } from '../settings.ts'

/** Browsers drop a cookie whose name, `=` and value together are longer (RFC 6265bis, section 5.6). */
export const MAX_COOKIE_BYTES = 4096
const SAFE_VALUE = /^[A-Za-z0-9._~+/=-]+$/
const EPOCH = 'Thu, 01 Jan 1970 00:00:00 GMT'

/** What the response has to do about the cookie. */
export type CookieAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'issue'; readonly value: string; readonly maxAge: number | undefined }
  | { readonly kind: 'clear' }

export const NONE: CookieAction = { kind: 'none' }
export const CLEAR: CookieAction = { kind: 'clear' }
export const ENDED = { kind: 'ended' } as const
export const REFUSED = { kind: 'refused' } as const

/**
 * What a commit comes to. `ended`: the session is gone and was not changed, but its cookie may have been asked for before.
 * `refused`: nothing was stored, because the browser has the cookie of a newer session.
 */
export type Outcome = CookieAction | typeof ENDED | typeof REFUSED

/** @fastify/cookie's `serializeCookie`. */
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

/** What a request's Cookie header has under one name: nothing, one value, or several different ones, in their order. */
export type CookieValue = string | readonly string[] | undefined

/** So many values of one name are tried, because each may cost a read. */
const MOST_VALUES = 4

/**
 * The value of the cookie of that name, as it stands in the header: neither percent-decoded nor unquoted. A browser has
 * several when they were set with different paths or domains (RFC 6265, section 5.4: the longer path comes first). Of
 * several, only values that may be session ids count, each once.
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

/** Where the value of the next cookie of that name begins; -1: there is none. */
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

/** Whether a cookie's value may be a session id: anything else never reaches a store, nor a header. */
export function isSafeValue(value: string): boolean {
  return value.length <= MAX_COOKIE_BYTES && SAFE_VALUE.test(value)
}

/** What a browser counts; both are ASCII. */
export const cookieSize = (name: string, value: string): number => name.length + '='.length + value.length

/** Makes the Set-Cookie lines of one cookie. */
export interface CookieWriter {
  /** @param maxAge seconds; `undefined`: until the browser closes */
  issue(value: string, maxAge: number | undefined, secure: boolean): string
  /** Repeats name, path, domain and flags: a browser would not find a `__Host-` or partitioned cookie otherwise. */
  clear(secure: boolean): string
  /** Whether a Set-Cookie line sets the same cookie: equal name, domain and path. */
  isSame(line: string): boolean
}

/** The attributes are the same for every response, so @fastify/cookie serializes them once, here. */
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

/** What makes two cookies of one name the same for a browser: domain and path. */
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
