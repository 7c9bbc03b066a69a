import fastifyCookie from '@fastify/cookie'
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { cookieWriter, findCookies, isSafeValue } from '../../lib/http/cookie.ts'
import type { ResolvedCookie } from '../../lib/settings.ts'

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

t.test('a cookie is found by its whole name, in any position', async (t) => {
  t.equal(findCookies('session=a', 'session'), 'a')
  t.equal(findCookies('x=1; session=a; y=2', 'session'), 'a')
  t.equal(findCookies('x=1;session=a', 'session'), 'a')
  t.equal(findCookies('xsession=b; session=a', 'session'), 'a')
  t.equal(findCookies('session2=b; session=a', 'session'), 'a')
  t.equal(findCookies('x=session; session=a', 'session'), 'a')
  t.equal(findCookies('x=session', 'session'), undefined)
  t.equal(findCookies('session', 'session'), undefined)
  t.equal(findCookies(' session = a ; b=c', 'session'), 'a')
  t.equal(findCookies('session=', 'session'), '')
  t.equal(findCookies('', 'session'), undefined)
  t.equal(findCookies(undefined, 'session'), undefined)
})

t.test('of several cookies with one name, up to four possible ids are found, in their order', async (t) => {
  t.same(findCookies('session=first; session=second', 'session'), ['first', 'second'])
  t.same(findCookies('session=b; x=1; session=a;session=b; session=c', 'session'), ['b', 'a', 'c'])
  t.equal(findCookies('session=same; session=same', 'session'), 'same')
  t.equal(findCookies('session=; session=second', 'session'), 'second')
  t.equal(findCookies('session=first; session="%%%"', 'session'), 'first')
  t.equal(findCookies('session=%%%; session=; session', 'session'), '%%%')
  const many = Array.from({ length: 100 }, (_, at) => `session=${at}`).join('; ')
  t.same(findCookies(many, 'session'), ['0', '1', '2', '3'])
})

t.test('a value is neither decoded nor unquoted', async (t) => {
  t.equal(findCookies('session=a%20b', 'session'), 'a%20b')
  t.equal(findCookies('session="a"', 'session'), '"a"')
  t.equal(findCookies('session=a=b==', 'session'), 'a=b==')
})

t.test('the value is the same that @fastify/cookie finds', async () => {
  const piece = fc.constantFrom('session', 'ses', 'sion', 'x', '=', ';', ' ', '\t', 'a', 'sessionsession', '"')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const header = pieces.join('')
      const each = header.split(';').flatMap((pair) => app.parseCookie(pair).session ?? [])
      const safe = [...new Set(each.filter(isSafeValue))].slice(0, 4)
      const found = [findCookies(header, 'session') ?? []].flat()
      return String(found) === String(each.length > 1 && safe.length > 0 ? safe : each.slice(0, 1))
    }),
    { numRuns: 5000 }
  )
})

t.test('only values that can be session ids are safe', async (t) => {
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

t.test('the Set-Cookie lines are the same that @fastify/cookie writes', async () => {
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

t.test('two lines set the same cookie if name, domain and path are equal', async (t) => {
  const writer = cookieWriter('session', { ...attributes, path: '/app', domain: 'example.com' }, app.serializeCookie)
  t.equal(writer.isSame('session=x; path=/app; domain=.EXAMPLE.com'), true)
  t.equal(writer.isSame(writer.clear(true)), true)
  t.equal(writer.isSame('session=x; Path=/; Domain=example.com'), false)
  t.equal(writer.isSame('session=x; Path=/app'), false)
  t.equal(writer.isSame('session=x; Path=/app; Domain'), false)
  t.equal(writer.isSame('sessions=x; Path=/app; Domain=example.com'), false)
})
