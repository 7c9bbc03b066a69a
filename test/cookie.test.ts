import fastifyCookie from '@fastify/cookie'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { cookieWriter, findCookie, isSafeValue } from '../lib/cookie.ts'
import type { ResolvedCookie } from '../types/options.ts'

const app = Fastify()
await app.register(fastifyCookie)
t.teardown(() => app.close())

const attributes: ResolvedCookie = {
  path: '/',
  domain: undefined,
  sameSite: 'lax',
  secure: true,
  httpOnly: true,
  partitioned: false,
  priority: undefined
}

t.test('a cookie is found by its whole name, wherever it stands', async (t) => {
  t.equal(findCookie('session=a', 'session'), 'a')
  t.equal(findCookie('x=1; session=a; y=2', 'session'), 'a')
  t.equal(findCookie('x=1;session=a', 'session'), 'a')
  t.equal(findCookie('xsession=b; session=a', 'session'), 'a')
  t.equal(findCookie('session2=b; session=a', 'session'), 'a')
  t.equal(findCookie('x=session; session=a', 'session'), 'a')
  t.equal(findCookie('x=session', 'session'), undefined)
  t.equal(findCookie('session', 'session'), undefined)
  t.equal(findCookie(' session = a ; b=c', 'session'), 'a')
  t.equal(findCookie('session=', 'session'), '')
  t.equal(findCookie('', 'session'), undefined)
  t.equal(findCookie(undefined, 'session'), undefined)
})

t.test('of two cookies of one name the first counts, even when it is empty', async (t) => {
  t.equal(findCookie('session=first; session=second', 'session'), 'first')
  t.equal(findCookie('session=; session=second', 'session'), '')
})

t.test('a value is taken as it stands: neither decoded nor unquoted', async (t) => {
  t.equal(findCookie('session=a%20b', 'session'), 'a%20b')
  t.equal(findCookie('session="a"', 'session'), '"a"')
  t.equal(findCookie('session=a=b==', 'session'), 'a=b==')
})

t.test('it finds what @fastify/cookie finds', async () => {
  const piece = fc.constantFrom('session', 'ses', 'sion', 'x', '=', ';', ' ', '\t', 'a', 'sessionsession', '"')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const header = pieces.join('')
      const parsed = app.parseCookie(header) as Record<string, string | undefined>
      return findCookie(header, 'session') === parsed.session
    }),
    { numRuns: 5000 }
  )
})

t.test('only what can be an id is one', async (t) => {
  for (const value of ['a', 'AZaz09._~+/=-', 'a'.repeat(4096)]) t.equal(isSafeValue(value), true)
  for (const value of ['', ' ', 'a b', 'a;b', 'a\r\nb', 'a%20', '"a"', 'é', 'a'.repeat(4097), 'a\n']) {
    t.equal(isSafeValue(value), false, JSON.stringify(value).slice(0, 20))
  }
})

t.test('a cookie is issued with the configured attributes, and cleared with the same ones', async (t) => {
  const plain = cookieWriter('session', attributes, app.serializeCookie)
  t.equal(plain.issue('v+/=', 60, true), 'session=v+/=; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax')
  t.equal(plain.issue('v', undefined, false), 'session=v; Path=/; HttpOnly; SameSite=Lax')
  t.equal(plain.clear(true), 'session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax')
  t.equal(plain.clear(false), 'session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax')
  const full = cookieWriter(
    '__Secure-s',
    { ...attributes, path: '/app', domain: 'example.com', partitioned: true, priority: 'high', sameSite: 'none' },
    app.serializeCookie
  )
  const tail = 'Domain=example.com; Path=/app; HttpOnly; Secure; Partitioned; Priority=High; SameSite=None'
  t.equal(full.issue('v', undefined, true), `__Secure-s=v; ${tail}`)
  t.equal(full.clear(true), `__Secure-s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ${tail}`)
})

t.test('it issues and clears what @fastify/cookie would write', async () => {
  const inToken = fc.constantFrom(...'abcXYZ019_-.~!#$&')
  const inValue = fc.constantFrom(...'abcXYZ019._~+/=-')
  const resolved = fc.record({
    path: fc.constantFrom('/', '/app', '/a b'),
    domain: fc.constantFrom(undefined, 'example.com', '.example.com'),
    sameSite: fc.constantFrom('lax' as const, 'strict' as const, 'none' as const),
    secure: fc.constant(true as const),
    httpOnly: fc.boolean(),
    partitioned: fc.boolean(),
    priority: fc.constantFrom(undefined, 'low' as const, 'medium' as const, 'high' as const)
  })
  const maxAge = fc.option(fc.nat(), { nil: undefined })
  fc.assert(
    fc.property(
      fc.string({ unit: inToken, minLength: 1 }),
      fc.string({ unit: inValue }),
      resolved,
      maxAge,
      fc.boolean(),
      (name, value, attributes, maxAge, secure) => {
        const { domain, priority, ...rest } = attributes
        const writer = cookieWriter(name, attributes, app.serializeCookie)
        const options = { ...rest, ...(domain && { domain }), ...(priority && { priority }), secure }
        const written = (value: string, more: object) =>
          app.serializeCookie(name, value, { ...options, ...more, encode: String })
        return (
          writer.issue(value, maxAge, secure) === written(value, maxAge === undefined ? {} : { maxAge }) &&
          writer.clear(secure).replace('; Expires=Thu, 01 Jan 1970 00:00:00 GMT', '') === written('', {}) &&
          writer.isSame(written(value, { expires: new Date(0) }))
        )
      }
    ),
    { numRuns: 2000 }
  )
})

t.test('a browser keeps one cookie for a name, a domain and a path', async (t) => {
  const writer = cookieWriter('session', { ...attributes, path: '/app', domain: 'example.com' }, app.serializeCookie)
  t.equal(writer.isSame('session=x; path=/app; domain=.EXAMPLE.com'), true)
  t.equal(writer.isSame(writer.clear(true)), true)
  t.equal(writer.isSame('session=x; Path=/; Domain=example.com'), false)
  t.equal(writer.isSame('session=x; Path=/app'), false)
  t.equal(writer.isSame('session=x; Path=/app; Domain'), false)
  t.equal(writer.isSame('sessions=x; Path=/app; Domain=example.com'), false)
})
