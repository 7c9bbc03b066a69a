import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { readSession, sessionCookie } from 'fastify-starsessions/testing'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { CookieJar } from './support/cookie-jar.ts'
import { startRedis } from './support/redis-server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(join(root, 'dist/lib/index.js'))) throw new Error('dist/ is missing: run `npm run build` first')

interface People {
  add(name: string, password: string, role: 'reader' | 'editor'): Promise<{ role: 'reader' | 'editor' }>
}
interface Application {
  Users: new () => People
  build(options: { users: People; redisUrl: string; production?: boolean }): Promise<FastifyInstance>
}
// By a computed name: a typed import would take its declaration of session data into this program.
const { Users, build }: Application = await import(new URL('../examples/app/app.ts', import.meta.url).href)

const server = await startRedis()
t.teardown(() => server.stop())
const redisUrl = `redis://127.0.0.1:${server.port}`
const observer = new Redis(redisUrl).on('error', () => {})
t.teardown(() => observer.disconnect())
t.beforeEach(() => observer.flushall())

async function start(t: Test, production = false) {
  const users = new Users()
  const ada = await users.add('ada', 'open sesame', 'editor')
  await users.add('bob', 'sesame open', 'reader')
  const app = await build({ users, redisUrl, production })
  t.teardown(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, origin, ada }
}

/** Somebody with a browser, who fills in forms. */
class Browser {
  readonly #origin: string
  readonly jar: CookieJar

  constructor(origin: string, jar = new CookieJar()) {
    this.#origin = origin
    this.jar = jar
  }

  async request(path: string, init: RequestInit = {}) {
    const headers = { cookie: this.jar.header() }
    const response = await fetch(this.#origin + path, { redirect: 'manual', headers, ...init })
    const lines = this.jar.take(response)
    return { status: response.status, location: response.headers.get('location'), lines, body: await response.text() }
  }

  /** Gets the page, and sends the form that is on it. */
  async submit(page: string, action: string, fields: Record<string, string> = {}) {
    const token = /name="_csrf" value="([^"]+)"/.exec((await this.request(page)).body)?.[1] ?? ''
    return this.request(action, { method: 'POST', body: new URLSearchParams({ ...fields, _csrf: token }) })
  }

  async login(name: string, password: string): Promise<string> {
    const { status, location } = await this.submit('/login', '/login', { name, password })
    if (status !== 303) throw new Error(`the login was answered with ${status}`)
    return (await this.request(String(location))).body
  }

  /** Somebody who has copied the cookie as it is now. */
  thief(): Browser {
    const jar = new CookieJar()
    jar.take({ headers: { 'set-cookie': `session=${this.jar.get('session')}` } })
    return new Browser(this.#origin, jar)
  }
}

t.test('a visit costs nothing: no cookie, no key in Redis', async (t) => {
  const { origin } = await start(t)
  const nobody = new Browser(origin)
  t.match(await nobody.request('/'), { status: 200, body: 'Nobody is logged in', lines: [] })
  t.match(await nobody.request('/health'), { status: 200, lines: [] })
  t.same(await observer.keys('*'), [])
})

t.test('login: a new id, a message once; the id from before is dead', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.request('/login')
  const planted = ada.thief()
  t.match(await ada.login('ada', 'open sesame'), /Welcome\.[\s\S]*Hello, ada\./)
  t.notMatch((await ada.request('/')).body, 'Welcome.')
  t.not(ada.jar.get('session'), planted.jar.get('session'))
  t.match((await planted.request('/')).body, 'Nobody is logged in')
  const keys = await observer.keys('app:session:*')
  t.equal(keys.length, 2, 'the session, and where the planted one went')
  t.notOk(
    keys.some((key) => key.includes(String(ada.jar.get('session')))),
    'the id is not in Redis'
  )
})

t.test('a token from before the login is worth nothing after it, whoever has it', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  const { body } = await ada.request('/login')
  const _csrf = String(/name="_csrf" value="([^"]+)"/.exec(body)?.[1])
  await ada.login('ada', 'open sesame')
  const forged = await ada.request('/notice', { method: 'POST', body: new URLSearchParams({ text: 'forged', _csrf }) })
  t.equal(forged.status, 403)
  t.match((await ada.request('/')).body, 'Nothing new.')
})

t.test('a form with a field twice, or without one, is a bad request', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  for (const [path, text] of [
    ['/login', ''],
    ['/login', 'name=ada'],
    ['/login', 'name=ada&password=a&password=b'],
    ['/notice', ''],
    ['/notice', 'text=a&text=b']
  ] as const) {
    t.equal((await ada.request(path, { method: 'POST', body: new URLSearchParams(text) })).status, 400, text)
  }
  t.match(await ada.request('/'), { status: 200, body: 'Nothing new.' })
})

t.test('a wrong name or password says the same', async (t) => {
  const { origin } = await start(t)
  for (const [name, password] of [
    ['ada', 'wrong'],
    ['eve', 'open sesame'],
    ['', '']
  ] as const) {
    t.match(await new Browser(origin).login(name, password), 'Wrong name or password.')
  }
})

t.test('a form without the token of its session is refused', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  for (const path of ['/notice', '/logout', '/login']) {
    const body = new URLSearchParams({ text: 'x', name: 'ada', password: 'open sesame' })
    t.equal((await ada.request(path, { method: 'POST', body })).status, 403, path)
  }
  t.match((await ada.request('/')).body, /Hello, ada\.[\s\S]*Nothing new\./)
})

t.test('roles: an editor publishes, a reader may not, nobody is sent to the login', async (t) => {
  const { origin, ada: account } = await start(t)
  t.match(await new Browser(origin).request('/notice'), { status: 303, location: '/login' })
  const bob = new Browser(origin)
  await bob.login('bob', 'sesame open')
  t.equal((await bob.request('/notice')).status, 403)
  t.equal((await bob.submit('/', '/notice', { text: 'mine' })).status, 403)

  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  t.equal((await ada.submit('/notice', '/notice', { text: '<b>Tea & cake</b>' })).status, 303)
  t.match((await ada.request('/')).body, 'Published.')
  t.match((await bob.request('/')).body, '&lt;b&gt;Tea &amp; cake&lt;/b&gt;')

  account.role = 'reader'
  t.equal((await ada.request('/notice')).status, 403, 'taken away at once')
})

t.test('a test of one page begins logged in, without the login', async (t) => {
  const { app } = await start(t)
  const pageOf = async (user: string) =>
    app.inject({ url: '/notice', headers: { cookie: await sessionCookie(app, { user }) } })
  t.equal((await pageOf('bob')).statusCode, 403)
  const response = await pageOf('ada')
  t.equal(response.statusCode, 200)
  t.match(await readSession(app, response), { user: 'ada', _csrf: /./ })
})

t.test('logout ends the session everywhere', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  const copy = ada.thief()
  t.equal((await ada.submit('/', '/logout')).status, 303)
  t.equal(ada.jar.header(), '')
  t.match((await copy.request('/')).body, 'Nobody is logged in')
})

t.test('a restart logs nobody out, and a Redis that is away is a 503', async (t) => {
  const first = await start(t)
  const ada = new Browser(first.origin)
  await ada.login('ada', 'open sesame')
  await first.app.close()
  const second = await start(t)
  const again = new Browser(second.origin, ada.jar)
  t.match((await again.request('/')).body, 'Hello, ada.')

  await server.stop()
  t.match(await again.request('/'), { status: 503, lines: [] })
  t.equal((await again.request('/health')).status, 200)
  await server.restart()
  // Back without a restart of the application, as soon as its client has found out.
  while ((await again.request('/')).status === 503) await sleep(50)
  t.equal((await again.request('/')).status, 200)
})

t.test('in production the cookie is Secure, under a __Host- name', async (t) => {
  const { origin } = await start(t, true)
  const { lines } = await new Browser(origin).request('/login')
  t.match(lines, [/^__Host-session=[\w-]{43}; Max-Age=1800; Path=\/; HttpOnly; Secure; SameSite=Lax$/])
})
