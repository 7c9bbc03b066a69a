import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { readSession, sessionCookie } from 'fastify-starsessions/testing'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { advancedDate } from '../support/advanced-date.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { startRedis } from '../support/redis-server.ts'
import { TYPESCRIPT } from '../support/typescript.ts'
import { WebSocket } from '../support/websocket.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
if (!existsSync(join(root, 'dist/lib/index.js'))) throw new Error('dist/ is missing: run `npm run build` first')

type Role = 'reader' | 'editor' | 'administrator'
interface People {
  add(name: string, password: string, role: Role): Promise<{ role: Role }>
}
interface Application {
  build(options: {
    users: People
    redisUrl?: string
    production?: boolean
    sessionsFile?: string
  }): Promise<FastifyInstance>
}
// The name is computed. TypeScript would follow a literal name, and its declaration of SessionData would hold here too.
const example = (file: string) => import(new URL(`../../examples/app/${file}`, import.meta.url).href)
const { build }: Application = await example('app.ts')
const { Users }: { Users: new () => People } = await example('users.ts')
const { nameOf }: { nameOf(userAgent: string): string } = await example('device.ts')

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
  await users.add('grace', 'open sesame', 'administrator')
  const app = await build({ users, redisUrl, production })
  t.teardown(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, origin, ada }
}

/** A user with a browser and a cookie jar, who fills in forms. */
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

  /** Reads the CSRF token of the form on this page. */
  async token(page: string): Promise<string> {
    return /name="_csrf" value="([^"]+)"/.exec((await this.request(page)).body)?.[1] ?? ''
  }

  post(action: string, fields: Record<string, string> | [string, string][]) {
    return this.request(action, { method: 'POST', body: new URLSearchParams(fields) })
  }

  /** Gets the page and sends the form on it. */
  async submit(page: string, action: string, fields: Record<string, string> = {}) {
    return this.post(action, { ...fields, _csrf: await this.token(page) })
  }

  async login(name: string, password: string): Promise<string> {
    const { status, location } = await this.submit('/login', '/login', { name, password })
    if (status !== 303) throw new Error(`the login was answered with ${status}`)
    return (await this.request(String(location))).body
  }

  /** Another browser with a copy of the current cookie. */
  thief(): Browser {
    const jar = new CookieJar()
    jar.take({ headers: { 'set-cookie': `session=${this.jar.get('session')}` } })
    return new Browser(this.#origin, jar)
  }
}

t.test('a visit without a login sets no cookie and writes no key to Redis', async (t) => {
  const { origin } = await start(t)
  const nobody = new Browser(origin)
  t.match(await nobody.request('/'), { status: 200, body: 'Nobody is logged in', lines: [] })
  t.match(await nobody.request('/health'), { status: 200, lines: [] })
  t.same(await observer.keys('*'), [])
})

t.test('a login gives a new id and shows a message once, and the old id no longer works', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.request('/login')
  const planted = ada.thief()
  t.match(await ada.login('ada', 'open sesame'), /Welcome\.[\s\S]*Hello, ada\./)
  t.notMatch((await ada.request('/')).body, 'Welcome.')
  t.not(ada.jar.get('session'), planted.jar.get('session'))
  t.match((await planted.request('/')).body, 'Nobody is logged in')
  const keys = await observer.keys('*')
  t.not(keys.length, 0)
  t.same(
    keys.filter((key) => key.includes(String(ada.jar.get('session')))),
    [],
    'no key contains the id'
  )
})

t.test('a wrong name and a wrong password give the same message', async (t) => {
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
    t.equal((await ada.post(path, { text: 'x', name: 'ada', password: 'open sesame' })).status, 403, path)
  }
  t.match((await ada.request('/')).body, /Hello, ada\.[\s\S]*Nothing new\./)
})

t.test('a CSRF token from before the login is refused, because an attacker may have planted the cookie', async (t) => {
  const { origin } = await start(t)
  const attacker = new Browser(origin)
  const token = await attacker.token('/login')
  t.not(token, '')
  const victim = attacker.thief()
  await victim.login('ada', 'open sesame')
  t.not(victim.jar.get('session'), attacker.jar.get('session'))
  t.equal((await victim.post('/notice', { text: 'forged', _csrf: token })).status, 403)
  t.match((await victim.request('/')).body, 'Nothing new.')
  t.equal((await victim.submit('/notice', '/notice', { text: 'mine' })).status, 303, 'a new form works')
})

t.test('a body that does not fit the form is answered with 400 and changes nothing', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  const before = ['_csrf', await ada.token('/login')] as [string, string]
  const name = ['name', 'ada'] as [string, string]
  const password = ['password', 'open sesame'] as [string, string]
  t.equal((await ada.post('/login', [before, name, password, password])).status, 400, 'two passwords')
  t.equal((await ada.post('/login', [before, name])).status, 400, 'no password')
  t.equal((await ada.post('/login', [before, ['name', 'a'.repeat(101)], password])).status, 400, 'a long name')
  t.equal((await ada.post('/login', [before, name, ['password', 'a'.repeat(1001)]])).status, 400, 'a long password')
  t.equal((await ada.request('/login', { method: 'POST' })).status, 400, 'no body')

  await ada.login('ada', 'open sesame')
  const token = ['_csrf', await ada.token('/notice')] as [string, string]
  t.equal((await ada.post('/notice', [token, ['text', 'a'], ['text', 'b']])).status, 400, 'two texts')
  t.equal((await ada.post('/notice', [token])).status, 400, 'no text')
  t.equal((await ada.post('/notice', [token, ['text', 'a'.repeat(1001)]])).status, 400, 'a long text')
  t.equal((await ada.request('/notice', { method: 'POST' })).status, 400, 'no body')
  t.equal((await ada.request('/logout', { method: 'POST' })).status, 403, 'without a body there is no CSRF token')
  t.match(await ada.request('/'), { status: 200, body: 'Nothing new.' })
})

t.test('no other site can show a page of this application in a frame', async (t) => {
  const { app } = await start(t)
  t.match((await app.inject('/login')).headers['content-security-policy'], "frame-ancestors 'none'")
})

t.test('an editor may publish, a reader may not, and a visitor without a login is sent to the login', async (t) => {
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
  t.equal((await ada.request('/notice')).status, 403, 'a role that is taken away is gone at once')
})

t.test('with sessionCookie(), a test can begin with a user who is logged in', async (t) => {
  const { app } = await start(t)
  const pageOf = async (userId: string) =>
    app.inject({ url: '/notice', headers: { cookie: await sessionCookie(app, {}, { userId }) } })
  t.equal((await pageOf('bob')).statusCode, 403)
  const response = await pageOf('ada')
  t.equal(response.statusCode, 200)
  t.match(await readSession(app, response), { _csrf: /./ })
  t.match(response.body, 'Edit the notice')
})

t.test('a device is logged out only after the password was entered in the last five minutes', async (t) => {
  const { origin } = await start(t)
  const advance = advancedDate(t)
  const phone = new Browser(origin)
  await phone.login('ada', 'open sesame')
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  advance(301)

  t.match((await ada.request('/devices')).body, /This device[\s\S]*Log out all other devices/)
  t.match(await ada.submit('/devices', '/devices/end-others'), { status: 303, location: '/confirm' })
  t.match((await phone.request('/')).body, 'Hello, ada.', 'nothing has happened yet')
  t.match(await ada.submit('/confirm', '/confirm', { password: 'wrong' }), { status: 303, location: '/confirm' })
  t.match((await ada.request('/confirm')).body, 'Wrong password.')
  t.match(await ada.submit('/devices', '/devices/end-others'), { status: 303, location: '/confirm' })
  t.match(await ada.submit('/confirm', '/confirm', { password: 'open sesame' }), { status: 303, location: '/devices' })
  t.match(await ada.submit('/devices', '/devices/end-others'), { status: 303, location: '/devices' })
  t.match((await ada.request('/devices')).body, 'One device is logged out.')
  t.match((await phone.request('/')).body, 'Nobody is logged in')
})

t.test('a user ends only sessions of their own', async (t) => {
  const { app, origin } = await start(t)
  const [ada, bob] = [new Browser(origin), new Browser(origin)]
  await ada.login('ada', 'open sesame')
  await bob.login('bob', 'sesame open')
  const [session] = await app.sessionsOf('ada').list()
  const handle = session?.handle ?? ''
  t.equal((await bob.submit('/devices', '/devices/end', { handle })).status, 303)
  t.match((await bob.request('/devices')).body, 'The device was logged out already.')
  t.match((await ada.request('/')).body, 'Hello, ada.')
  t.equal((await bob.submit('/devices', '/devices/end', { handle: 'none' })).status, 400)
  t.match(await new Browser(origin).request('/devices'), { status: 303, location: '/login' })
})

t.test('only an administrator sees the users and ends their sessions', async (t) => {
  const { origin } = await start(t)
  const [ada, grace] = [new Browser(origin), new Browser(origin)]
  await ada.login('ada', 'open sesame')
  t.equal((await ada.request('/users')).status, 403)
  t.equal((await ada.submit('/', '/users/end', { name: 'grace' })).status, 403)
  await grace.login('grace', 'open sesame')
  t.equal((await grace.submit('/users', '/users/end', { name: 'nobody' })).status, 404)
  t.equal((await grace.submit('/users', '/users/end', { name: 'ada' })).status, 303)
  t.match((await grace.request('/users')).body, 'One session of ada ended.')
  t.match((await ada.request('/')).body, 'Nobody is logged in')
  t.equal((await grace.submit('/users', '/users/end', { name: 'grace' })).status, 303)
  t.match((await grace.request('/users')).body, '0 sessions of grace ended.', 'but not the session of this page')
})

t.test('a socket opens for pages of this site only, and closes at once without a login', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  const connect = (from: string, cookie: string) =>
    new WebSocket(`${origin.replace('http', 'ws')}/live`, { headers: { origin: from, cookie } })
  const [refused] = await once(connect('http://elsewhere.example', ada.jar.header()), 'error')
  t.match(refused.message, '403')
  const [message] = await once(connect(origin, ada.jar.header()), 'message')
  t.equal(String(message), 'Nothing new.')
  const [code, reason] = await once(connect(origin, ''), 'close')
  t.same([code, String(reason)], [4001, 'ended'])
})

t.test('a session without a label is an unknown device', async (t) => {
  const { app } = await start(t)
  const cookie = await sessionCookie(app, {}, { userId: 'ada' })
  t.match((await app.inject({ url: '/devices', headers: { cookie } })).body, 'Unknown device')
})

t.test('a device has the name of its browser and its system', async (t) => {
  const names: Record<string, string> = {
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0':
      'Edge on Windows',
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36':
      'Chrome on Android',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1':
      'Safari on iPhone',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0':
      'Opera on Mac',
    'Something else (Linux)': 'Linux',
    'curl/8.5.0': 'Unknown device'
  }
  for (const [userAgent, name] of Object.entries(names)) t.equal(nameOf(userAgent), name)
})

t.test('a logout ends the session for every copy of the cookie', async (t) => {
  const { origin } = await start(t)
  const ada = new Browser(origin)
  await ada.login('ada', 'open sesame')
  const copy = ada.thief()
  t.equal((await ada.submit('/', '/logout')).status, 303)
  t.equal(ada.jar.header(), '')
  t.match((await copy.request('/')).body, 'Nobody is logged in')
})

t.test('a restart logs nobody out, and without Redis requests are answered with 503', async (t) => {
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
  // The sessions are back as soon as the Redis client has connected again. The application need not restart.
  while ((await again.request('/')).status === 503) await sleep(50)
  t.equal((await again.request('/')).status, 200)
})

t.test('in production the cookie is Secure and its name begins with __Host-', async (t) => {
  const { origin } = await start(t, true)
  const { lines } = await new Browser(origin).request('/login')
  t.match(lines, [/^__Host-session=[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/])
})

/** Runs the example as a reader does, stops it when it prints its URL, and returns its output. */
async function command(t: Test, variables: Record<string, string>) {
  const { REDIS_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [TYPESCRIPT, 'examples/app/app.ts'], {
    cwd: root,
    env: { ...env, PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  t.teardown(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const ended = once(child, 'close')
  const { value: url } = await createInterface(child.stdout)[Symbol.asyncIterator]().next()
  const page = url === undefined ? '' : await (await fetch(url)).text()
  child.kill()
  await ended
  return { page, errors, code: child.exitCode }
}

t.test('without REDIS_URL the sessions are in a file, and the program prints one line about it', async (t) => {
  t.match(await command(t, { SESSIONS_FILE: join(t.testdir(), 'sessions.db') }), {
    page: 'Nobody is logged in',
    errors: /^Sessions are in [^\n]*sessions\.db\. [^\n]*REDIS_URL=redis:[^\n]*\n$/,
    code: 0
  })
  const app = await build({ users: new Users() })
  t.teardown(() => app.close())
  const cookie = await sessionCookie(app, { returnTo: '/devices' })
  t.match(await readSession(app, await app.inject({ url: '/login', headers: { cookie } })), { returnTo: '/devices' })
})

t.test('sessions in a file survive a restart', async (t) => {
  const sessionsFile = join(t.testdir(), 'sessions.db')
  const first = await build({ users: new Users(), sessionsFile })
  const cookie = await sessionCookie(first, { returnTo: '/devices' })
  await first.close()
  const second = await build({ users: new Users(), sessionsFile })
  t.teardown(() => second.close())
  const response = await second.inject({ url: '/login', headers: { cookie } })
  t.match(await readSession(second, response), { returnTo: '/devices' })
})

t.test('if Redis cannot be reached, the program ends within seconds and prints one line with the reason', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  for (const address of ['127.0.0.1:1', 'nowhere.invalid', `:secret@127.0.0.1:${port}`]) {
    const { code, errors } = await command(t, { REDIS_URL: `redis://${address}` })
    t.equal(code, 1, address)
    t.match(errors, /^Redis cannot be used \([^)]+\)\. [^\n]*REDIS_URL[^\n]*\n$/, address)
    t.notMatch(errors, 'secret')
  }
})
