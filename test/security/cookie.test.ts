import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import type { CookieOptions, StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, SIGNING_SECRET, subjects } from './subjects.ts'

const stores = await subjects(t)
const login: Handler = (session) => void (session.user = 'alice')
const show: Handler = (session) => session.data()

/** The attributes of a Set-Cookie line by lower-case name, without Max-Age and Expires. */
function attributes(line: string | undefined): Record<string, string> {
  const [, ...rest] = String(line).split('; ')
  const pairs = rest.map((attribute) => attribute.split('=', 2) as [string, string | undefined])
  return Object.fromEntries(
    pairs.map(([name, value]) => [name.toLowerCase(), value ?? '']).filter(([name]) => !/max-age|expires/.test(name!))
  )
}

t.test('when a session ends, its cookie is cleared with the same name, path, domain and flags', async (t) => {
  const variants: [string, CookieOptions][] = [
    ['session', {}],
    ['__Host-session', { partitioned: true, sameSite: 'none' }],
    ['__Secure-session', { path: '/app', domain: 'example.com' }],
    ['session', { path: '/app', domain: '.example.com', secure: false, httpOnly: false, priority: 'high' }]
  ]
  await forEach(t, stores.all, async (t, subject) => {
    for (const [cookieName, cookie] of variants) {
      for (const end of [(session) => session.clear(), (session) => session.destroy()] as Handler[]) {
        const { send } = await testApp(t, { store: subject.make(), cookieName, cookie, lifetime: 60 })
        const issued = await send(undefined, login)
        const cleared = await send(issued.cookie, end)
        t.equal(cleared.lines.length, 1)
        t.ok(cleared.lines[0]?.startsWith(`${cookieName}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; `))
        t.same(attributes(cleared.lines[0]), attributes(issued.lines[0]))
        const jar = new CookieJar()
        jar.take({ headers: { 'set-cookie': issued.lines } })
        jar.take({ headers: { 'set-cookie': cleared.lines } })
        t.equal(jar.header(), '')
      }
    }
  })
})

t.test('by default: HttpOnly, Secure, SameSite=Lax, Path=/ and no Domain (OWASP ASVS 5.0, 3.3)', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { lines } = await (await testApp(t, { store: subject.make() })).send(undefined, login)
    t.same(attributes(lines[0]), { httponly: '', secure: '', samesite: 'Lax', path: '/' })
    t.notMatch(lines[0], /Max-Age|Expires/i)
  })
})

const refuses = (options: object) =>
  testApp({ teardown: () => undefined }, options as StarsessionsOptions).then(
    () => 'taken',
    (error: Error & { code: string }) => error.code
  )

t.test('options that make browsers reject the cookie are refused at registration (RFC 6265bis, 5.7)', async (t) => {
  for (const options of [
    { cookieName: '__Host-session', cookie: { domain: 'example.com' } },
    { cookieName: '__Host-session', cookie: { path: '/app' } },
    { cookieName: '__Host-session', cookie: { secure: false } },
    { cookieName: '__host-session', cookie: { secure: 'auto' } },
    { cookieName: '__Secure-session', cookie: { secure: false } },
    { cookieName: '__SECURE-session', cookie: { secure: 'auto' } },
    { cookie: { sameSite: 'none', secure: false } },
    { cookie: { sameSite: 'none', secure: 'auto' } },
    { cookie: { partitioned: true, secure: false } },
    { cookie: { partitioned: true, secure: 'auto' } }
  ]) {
    t.equal(await refuses(options), 'FST_SESSION_OPTIONS', JSON.stringify(options))
  }
})

t.test('options with characters that could end a header or an attribute are refused', async (t) => {
  for (const bad of [
    '\r',
    '\n',
    '\r\nset-cookie: a=b',
    '\0',
    ';',
    '; Domain=evil.example',
    '\x7f',
    '\x1f',
    '\u2028',
    'é'
  ]) {
    for (const options of [
      { cookieName: `session${bad}` },
      { cookieName: `${bad}session` },
      { cookie: { path: `/${bad}` } },
      { cookie: { path: `/a${bad}b` } },
      { cookie: { domain: `example.com${bad}` } },
      { cookie: { domain: `${bad}example.com` } },
      { cookie: { sameSite: `lax${bad}` } },
      { cookie: { priority: `low${bad}` } },
      { cookie: { secure: `auto${bad}` } },
      { cookie: { httpOnly: bad } },
      { cookie: { partitioned: bad } },
      { cookie: { [`path${bad}`]: '/' } }
    ]) {
      t.equal(await refuses(options), 'FST_SESSION_OPTIONS', JSON.stringify(options).replace(/[^ -~]/g, '?'))
    }
  }
  for (const name of ['', ' ', 'a b', 'a=b', 'a,b', 'a"b', 'a/b', 'a@b', 'a\tb']) {
    t.equal(await refuses({ cookieName: name }), 'FST_SESSION_OPTIONS', JSON.stringify(name))
  }
})

t.test('an id with characters that could end a header or an attribute is never sent', async (t) => {
  for (const bad of [
    '\r\nset-cookie: a=b',
    '\n',
    '\0',
    ';',
    '; Domain=evil.example',
    ' ',
    '"',
    ',',
    '\\',
    'é',
    '%\u{1F600}'
  ]) {
    const store: SessionStore = new MapStore()
    store.write = async () => `id${bad}`
    const { send } = await testApp(t, { store })
    const { status, lines } = await send(undefined, login)
    t.equal(status, 503, JSON.stringify(bad))
    t.same(lines, [])

    const rolling = await testApp(t, { store: new EverythingStore(), rolling: true, lifetime: 60 })
    const echoed = await rolling.send(`session=id${bad}`, show)
    const line = echoed.lines.join()
    t.notMatch(line, /[^ -~]|evil|a=b/)
    t.same(attributes(line).domain, undefined)
  }
})

/** A store that finds a record for every id. */
class EverythingStore extends MapStore {
  override async read(): Promise<Uint8Array> {
    return Buffer.from('{"user":"alice"}')
  }
}

t.test('a hostile maxAge in session.options() or in a record never reaches the Set-Cookie header', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 60, rolling: true })
  for (const maxAge of [
    '5; Domain=evil.example',
    '5\r\na: b',
    {},
    [5],
    true,
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY
  ]) {
    const { status, lines } = await send(undefined, (session) => {
      session.user = 'alice'
      session.options({ maxAge: maxAge as number })
    })
    const isNumber = typeof maxAge === 'number' && !Number.isNaN(maxAge)
    t.equal(status, isNumber ? 200 : 500, String(maxAge))
    t.match(lines, isNumber ? [/; Max-Age=(1|60); Path/] : [])
    t.equal(lines.length, isNumber ? 1 : 0)
    const at = Date.now() / 1000
    const record = {
      user: 'alice',
      __metadata__: { created: at, last_access: at, cookie: { maxAge, domain: 'evil.example' } }
    }
    await store.write('known', Buffer.from(JSON.stringify(record)), 0, 0)
    const read = await send('session=known', show)
    t.equal(read.status, 200)
    t.notMatch(read.lines.join(), /evil|NaN|null|Max-Age=(0|-)|object/)
  }
})

t.test('a cookie above 4,096 bytes of name and value is refused and not sent (RFC 6265bis, 5.6)', async (t) => {
  // The digits of the time count as bytes of the cookie, so the clock must not move.
  fakeClock(t)
  for (const cookieName of ['s', 'session', 'n'.repeat(500)]) {
    const store = new CookieStore({ secretKey: SIGNING_SECRET })
    const { send, problems } = await testApp(t, { store, cookieName })
    const sized =
      (size: number): Handler =>
      (session) =>
        void (session.a = 'x'.repeat(size))
    let fits = 0
    for (let step = 2_048; step >= 1; step /= 2) {
      if ((await send(undefined, sized(fits + step))).status === 200) fits += step
    }
    const largest = await send(undefined, sized(fits))
    const size = String(largest.lines[0]?.split(';', 1)[0]).length
    // Base64 grows by four characters at a time, so the largest cookie has 4,093 to 4,096 bytes.
    t.ok(size <= 4_096 && size > 4_092, `${size} bytes are sent`)
    const { status, lines, body } = await send(undefined, sized(fits + 1))
    t.equal(status, 500)
    t.match(body, { code: 'FST_SESSION_TOO_LARGE' })
    t.same(lines, [])
    t.match(problems().at(-1), { err: { code: 'FST_SESSION_TOO_LARGE' } })
    const kept = await send(largest.cookie, sized(4_000))
    t.same(kept.lines, [], 'a session that grows too large keeps its earlier cookie')
    t.same((await send(largest.cookie, show)).body, { a: 'x'.repeat(fits) })
  }
})

t.test('Set-Cookie is sent only if the cookie has to change', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { app, send } = await testApp(t, { store: subject.make(), lifetime: 60 }, (app) => {
      app.get('/static', async () => 'x')
    })
    const { cookie } = await send(undefined, login)
    const unchanged: [string, string | undefined, Handler][] = [
      ['an anonymous visitor', undefined, show],
      ['an unknown cookie', `session=${'a'.repeat(43)}`, show],
      ['an unchanged session', cookie, show],
      ['a value set to what it was', cookie, login],
      ['a handler that fails', cookie, () => Promise.reject(new Error('bug'))]
    ]
    for (const [what, sent, handler] of unchanged) {
      const { lines, headers } = await send(sent, handler)
      t.same(lines, [], what)
      t.equal(headers['cache-control'], undefined)
      t.equal(headers.vary, 'Cookie', 'the response depends on the session')
    }
    const changed = await send(cookie, (session) => void (session.count = 1))
    t.equal(changed.lines.length, subject.isServerSide ? 0 : 1)
    const untouched = await app.inject({ url: '/static', headers: { cookie: String(cookie) } })
    t.equal(untouched.headers['set-cookie'], undefined)
    t.equal(untouched.headers.vary, undefined, 'a response that did not look at the session does not depend on it')
  })
})

t.test('a response that sets the cookie cannot be stored by shared caches', async (t) => {
  const kept = ['no-store', 'private', 'private, max-age=60', 'max-age=0, no-store', 'Private', 'no-cache, PRIVATE']
  const replaced = [
    'public',
    'public, max-age=3600',
    's-maxage=60',
    'no-cache',
    'max-age=60',
    'x-private',
    'no-store-not'
  ]
  const handlers: Handler[] = [login, (session) => session.regenerateId(), (session) => session.destroy()]
  await forEach(t, stores.all, async (t, subject) => {
    const { app, send } = await testApp(t, { store: subject.make() }, (app) => {
      app.addHook('onRequest', async (request, reply) => {
        const value = request.headers['x-cache-control']
        if (value !== undefined) reply.header('cache-control', value).header('vary', 'Accept')
      })
      app.get('/public', async () => 'x')
    })
    for (const handler of handlers) {
      for (const value of [undefined, ...kept, ...replaced]) {
        const { cookie } = await send(undefined, login)
        const { lines, headers } = await send(cookie, handler, value === undefined ? {} : { 'x-cache-control': value })
        const isUnchanged = handler === login
        t.equal(lines.length, isUnchanged ? 0 : 1)
        const expected = isUnchanged || kept.includes(String(value)) ? value : 'no-store'
        t.equal(headers['cache-control'], expected)
        t.equal(headers.vary, value === undefined ? 'Cookie' : 'Accept, Cookie')
      }
      const fresh = await send(undefined, login, { 'x-cache-control': 'public' })
      t.equal(fresh.headers['cache-control'], 'no-store')
    }
    const other = await app.inject({ url: '/public', headers: { 'x-cache-control': 'public' } })
    t.equal(other.headers['cache-control'], 'public')
  })
})

t.test('a Secure cookie is sent over plain HTTP as well, with one warning that names trustProxy', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { send, log } = await testApp(t, { store: subject.make() })
    for (let request = 0; request < 3; request++) {
      t.match((await send(undefined, login, { host: 'shop.test' })).lines, [/; Secure/])
    }
    const warnings = log.filter(({ level, msg }) => level === 40 && msg.includes('trustProxy'))
    t.equal(warnings.length, 1)
    const { cookie } = await send(undefined, login)
    t.same((await send(cookie, show)).body, { user: 'alice' })
  })
})

t.test('behind a proxy that Fastify trusts there is no warning about Secure', async (t) => {
  const log: string[] = []
  const stream = { write: (line: string) => void log.push(line) }
  const app = Fastify({ trustProxy: true, logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new MapStore(), cookie: { secure: 'auto' } })
  app.get('/', async (request) => void ((await request.loadSession()).user = 'alice'))
  const secure = await app.inject({ url: '/', headers: { 'x-forwarded-proto': 'https' } })
  t.match(secure.headers['set-cookie'], /; Secure/)
  const plain = await app.inject('/')
  t.notMatch(plain.headers['set-cookie'], /Secure/)
  t.ok(cookieValue(String(plain.headers['set-cookie'])).length > 0)
  t.same(log, [])
})

t.test('a value of a store or a cookie name that makes the cookie too large for browsers is refused', async (t) => {
  for (const [cookieName, size] of [
    ['session', 4_096],
    ['n'.repeat(4_090), 43]
  ] as const) {
    const store: SessionStore = Object.assign(new MapStore(), { ownsIds: true })
    store.write = async () => 'i'.repeat(size)
    const outcome = await testApp(t, { store, cookieName }).then(
      ({ send }) => send(undefined, login),
      (error: Error & { code: string }) => error.code
    )
    if (typeof outcome === 'string') t.equal(outcome, 'FST_SESSION_OPTIONS', 'the registration is refused')
    else t.match(outcome, { lines: [], status: 500, body: { code: 'FST_SESSION_TOO_LARGE' } })
  }
})

t.test('a very large maxAge in session.options() does not lose the session', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const maxAge of [2 ** 31, 2 ** 53, 1e21, Number.MAX_VALUE]) {
      const { send } = await testApp(t, { store: subject.make(), lifetime: 60 })
      const { cookie, lines } = await send(undefined, (session) => {
        session.user = 'alice'
        session.options({ maxAge })
      })
      t.match(lines, [/; Max-Age=60; /])
      t.same((await send(cookie, show)).body, { user: 'alice' })
    }
  })
})

t.test('a hijacked response that sets the cookie cannot be stored by shared caches', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const { app } = await testApp(t, { store: subject.make() }, (app) => {
      app.get('/hijacked', async (request, reply) => {
        const session = await request.loadSession()
        session.user = 'alice'
        await session.save()
        reply.hijack()
        reply.raw.end('x')
      })
    })
    const { headers } = await app.inject('/hijacked')
    t.match(headers['set-cookie'], /^session=/)
    t.equal(headers['cache-control'], 'no-store')
  })
})

t.test('Cache-Control with private="some-header" is replaced by no-store (RFC 9111, 5.2.2.7)', async (t) => {
  const { send } = await testApp(t, {}, (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', request.headers['x-cache-control'])
    })
  })
  for (const value of ['private="x-theirs"', 'public, private="x-theirs"', 'public, ext="a, private, b"']) {
    const { headers } = await send(undefined, login, { 'x-cache-control': value })
    t.equal(headers['cache-control'], 'no-store', value)
  }
})
