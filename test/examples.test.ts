import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { storeCases } from '../lib/store-conformance.ts'
import type { SessionStore } from '../types/store.ts'
import { CookieJar } from './support/cookie-jar.ts'
import { EXAMPLES } from './support/pages.ts'
import { connections, othersHaveGone } from './support/redis-connections.ts'
import { startRedis } from './support/redis-server.ts'
import { runCases } from './support/store-conformance.ts'
import { TYPESCRIPT } from './support/typescript.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// The examples import the package by its name, as an application does. That resolves to the built package in dist/.
if (!existsSync(join(root, 'dist/lib/index.js'))) throw new Error('dist/ is missing: run `npm run build` first')

const SECRET = 'a secret of thirty-two characters'

/**
 * Imports an example by a computed name. TypeScript would follow a literal name, and the typed example's declaration of
 * SessionData would then hold for this program as well.
 */
async function build(name: string, options?: object): Promise<FastifyInstance> {
  const example = await import(new URL(`../examples/${name}.ts`, import.meta.url).href)
  return example.build(options)
}

/** Sends a request with the cookies of the jar, and puts the cookies of the response into the jar. */
async function ask(app: FastifyInstance, jar: CookieJar, request: string, payload?: object) {
  const [method, url] = request.split(' ') as ['GET', string]
  const response = await app.inject({ method, url, headers: { cookie: jar.header() }, ...(payload && { payload }) })
  const setCookie = jar.take(response)
  return { status: response.statusCode, body: response.body, json: () => response.json(), setCookie }
}

/** A jar with one cookie, like that of a thief who has copied the cookie. */
function jarWith(name: string, value = ''): CookieJar {
  const jar = new CookieJar()
  jar.take({ headers: { 'set-cookie': `${name}=${value}` } })
  return jar
}

t.test('basic counts the visits of each visitor', async (t) => {
  const app = await build('basic', { secretKey: SECRET })
  t.teardown(() => app.close())
  const jar = new CookieJar()
  for (const visits of [1, 2, 3]) t.same((await ask(app, jar, 'GET /')).json(), { visits })
  t.same((await ask(app, new CookieJar(), 'GET /')).json(), { visits: 1 }, 'another visitor')

  t.equal(jar.attribute('session', 'max-age'), String(14 * 86_400))
  t.equal(jar.attribute('session', 'httponly'), '')
  t.equal(jar.attribute('session', 'secure'), undefined, 'not Secure over http')

  const forged = jarWith('session', `x${jar.get('session')}`)
  t.same((await ask(app, forged, 'GET /')).json(), { visits: 1 }, 'a cookie that was changed opens no session')
  await t.rejects(build('basic', { secretKey: undefined }), { code: 'FST_SESSION_OPTIONS', message: /SESSION_SECRET/ })
})

t.test('login: after a restart with the same file, the visitor is still logged in', async (t) => {
  const file = join(t.testdir(), 'demo.db')
  const jar = new CookieJar()
  const first = await build('login', { file })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const payload = 'name=Ada&password=open+sesame&remember=on'
  jar.take(await first.inject({ method: 'POST', url: '/login', headers, payload }))
  await first.close()
  const second = await build('login', { file })
  t.teardown(() => second.close())
  const page = await second.inject({ url: '/', headers: { cookie: jar.header() } })
  t.match(page.body, '<span id="user">Ada</span>')
})

t.test('login: a form logs in and out over a real connection', async (t) => {
  const app = await build('login')
  t.teardown(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const visitor = (jar = new CookieJar()) => ({
    jar,
    async get(): Promise<string> {
      const response = await fetch(origin, { headers: { cookie: jar.header() } })
      jar.take(response)
      return response.text()
    },
    async post(path: string, form: Record<string, string> = {}): Promise<void> {
      const headers = { cookie: jar.header() }
      const body = new URLSearchParams(form)
      const response = await fetch(origin + path, { method: 'POST', redirect: 'manual', headers, body })
      assert.deepEqual([response.status, response.headers.get('location')], [303, '/'], path)
      jar.take(response)
    }
  })
  const right = { name: ' Ada ', password: 'open sesame', remember: 'on' }

  await t.test('an anonymous visitor gets no cookie', async (t) => {
    const ada = visitor()
    t.match(await ada.get(), 'Nobody is logged in')
    t.equal(ada.jar.header(), '')
  })

  await t.test('the right password logs in under a new id, and the old id no longer works', async (t) => {
    const ada = visitor()
    await ada.post('/login', { name: 'Ada', password: 'wrong' })
    const before = ada.jar.get('session')
    t.type(before, 'string', 'the flash message has made a session')

    await ada.post('/login', right)
    const after = ada.jar.get('session')
    t.not(after, before)
    t.match(await visitor(jarWith('session', before)).get(), 'Nobody is logged in')

    const page = await ada.get()
    t.match(page, '<span id="user">Ada</span>')
    t.match(page, 'Welcome, Ada.')
    t.notMatch(page, after!, 'the id is on no page')
    t.notMatch(await ada.get(), 'Welcome, Ada.', 'a flash is shown once')
    t.match(await ada.get(), '&quot;pageViews&quot;: 3')
    t.equal(ada.jar.attribute('session', 'max-age'), '900')
  })

  await t.test('a wrong password shows a message', async (t) => {
    const ada = visitor()
    await ada.post('/login', { name: 'Ada', password: 'wrong' })
    t.match(await ada.get(), /That did not work[\s\S]*Nobody is logged in/)
    t.equal(ada.jar.header(), '', 'the session that carried the flash is over')
  })

  await t.test('rotate keeps the data, and the old id no longer works', async (t) => {
    const ada = visitor()
    await ada.post('/login', right)
    const before = ada.jar.get('session')
    await ada.post('/rotate')
    t.not(ada.jar.get('session'), before)
    t.match(await ada.get(), /new id[\s\S]*<span id="user">Ada</)
    t.match(await visitor(jarWith('session', before)).get(), 'Nobody is logged in')
  })

  await t.test('clear and log out end the session, also for a copied cookie', async (t) => {
    for (const [path, flash] of [
      ['/clear', 'Cleared'],
      ['/logout', 'Logged out']
    ] as const) {
      const ada = visitor()
      await ada.post('/login', right)
      const copy = ada.jar.get('session')
      await ada.post(path)
      t.match(await ada.get(), new RegExp(`${flash}[\\s\\S]*Nobody is logged in`))
      t.equal(ada.jar.header(), '', path)
      t.match(await visitor(jarWith('session', copy)).get(), 'Nobody is logged in')
    }
  })

  await t.test('rotate, clear and log out need a login', async (t) => {
    for (const path of ['/rotate', '/clear', '/logout']) {
      const nobody = visitor()
      await nobody.post(path)
      t.match(await nobody.get(), 'You are not logged in.')
    }
  })

  await t.test('without "remember me" the cookie lasts until the browser closes, also when sent again', async (t) => {
    const ada = visitor()
    await ada.post('/login', { name: 'Ada', password: 'open sesame' })
    t.equal(ada.jar.attribute('session', 'max-age'), undefined)
    await ada.get()
    await ada.post('/rotate')
    t.type(ada.jar.get('session'), 'string')
    t.equal(ada.jar.attribute('session', 'max-age'), undefined)
  })

  await t.test('a name cannot bring HTML onto the page', async (t) => {
    const eve = visitor()
    await eve.post('/login', { ...right, name: `<img src=x onerror='"&'>` })
    const page = await eve.get()
    t.match(page, '<span id="user">&lt;img src=x onerror=&#39;&quot;&amp;&#39;&gt;</span>')
    t.notMatch(page, '<img')
  })
})

t.test('autoload loads by path or by route, and the route wins', async (t) => {
  const app = await build('autoload')
  t.teardown(() => app.close())
  const jar = new CookieJar()
  t.same((await ask(app, jar, 'GET /account')).json(), { user: null }, 'loaded by prefix')
  t.equal((await ask(app, jar, 'GET /welcome')).body, 'Welcome, ada!', 'loaded by the config of the route')
  t.same((await ask(app, jar, 'GET /account?x=/')).json(), { user: 'ada' })
  t.same((await ask(app, jar, 'GET /api/v1/me')).json(), { user: 'ada' }, 'loaded by RegExp')
  t.same((await ask(app, jar, 'GET /account/help')).json(), { loaded: false }, 'not loaded by the config of the route')
  t.same((await ask(app, jar, 'GET /accounting')).json(), { loaded: false }, 'the prefix is not a whole segment')
})

t.test('rolling: a request starts the lifetime anew, and inactivity ends the session', async (t) => {
  const app = await build('rolling', { lifetime: 4, absoluteLifetime: 60 })
  t.teardown(() => app.close())
  const jar = new CookieJar()
  t.same((await ask(app, jar, 'GET /start')).json(), { secondsLeft: 4 })
  for (let request = 1; request <= 3; request++) {
    await sleep(1_500)
    const response = await ask(app, jar, 'GET /')
    t.same(response.json(), { user: 'ada', secondsLeft: 4 }, `after ${request * 1.5} s`)
    t.match(response.setCookie, [/Max-Age=4;/], 'the cookie is sent again')
  }
  t.same((await ask(app, jar, 'GET /health')).setCookie, [], 'without loading, nothing is prolonged')
  await sleep(4_100)
  t.equal((await ask(app, jar, 'GET /')).json().user, null)
})

t.test('rolling: the absolute lifetime ends a session in use as well', async (t) => {
  const app = await build('rolling', { lifetime: 3, absoluteLifetime: 3 })
  t.teardown(() => app.close())
  const jar = new CookieJar()
  await ask(app, jar, 'GET /start')
  await sleep(1_100)
  const { user, secondsLeft } = (await ask(app, jar, 'GET /')).json()
  t.equal(user, 'ada')
  t.ok(secondsLeft < 3, 'the absolute lifetime has not started anew')
  await sleep(2_000)
  t.equal((await ask(app, jar, 'GET /')).json().user, null)
})

t.test('session-only: the cookie lasts until the browser closes', async (t) => {
  const app = await build('session-only')
  t.teardown(() => app.close())
  const jar = new CookieJar()
  t.same((await ask(app, jar, 'POST /draft', { text: 'Dear all' })).json(), { saved: true })
  t.type(jar.get('session'), 'string')
  t.equal(jar.attribute('session', 'max-age'), undefined)
  t.equal(jar.attribute('session', 'expires'), undefined)
  t.same((await ask(app, jar, 'GET /draft')).json(), { draft: { text: 'Dear all' } })
})

t.test('typed-session keeps a cart', async (t) => {
  const app = await build('typed/typed-session')
  t.teardown(() => app.close())
  const jar = new CookieJar()
  await ask(app, jar, 'POST /cart/tea')
  await ask(app, jar, 'POST /cart/cup')
  t.same((await ask(app, jar, 'POST /cart/tea')).json(), [
    { article: 'tea', pieces: 2 },
    { article: 'cup', pieces: 1 }
  ])
  t.same((await ask(app, jar, 'GET /')).json(), { user: null, pieces: 3 })
})

t.test('encrypted-cookie reads with an old key and writes with the newest key', async (t) => {
  const key = (byte: number) => Buffer.alloc(32, byte).toString('base64')
  const start = (...bytes: number[]) =>
    build('encrypted-cookie', { keys: bytes.map(key), secrets: bytes.map((byte) => key(byte + 100)) })
  const [before, during, after] = await Promise.all([start(1), start(2, 1), start(2)])
  t.teardown(() => Promise.all([before, during, after].map((app) => app.close())))

  const jar = new CookieJar()
  t.same((await ask(before, jar, 'PUT /notes/hidden')).json(), ['hidden'])
  const old = jarWith('session', jar.get('session'))
  const content = Buffer.from(jar.get('session')!.split('.')[0]!, 'base64').toString('latin1')
  t.notMatch(content, /notes|hidden/, 'the cookie shows no data')

  t.same((await ask(during, jar, 'GET /notes')).json(), ['hidden'], 'the old key still reads the cookie')
  t.same((await ask(after, old, 'GET /notes')).json(), [], 'without the old key the cookie opens no session')

  t.same((await ask(during, jar, 'PUT /notes/more')).json(), ['hidden', 'more'])
  t.same((await ask(after, jar, 'GET /notes')).json(), ['hidden', 'more'], 'the cookie was written with the new key')

  await t.rejects(build('encrypted-cookie', { keys: [undefined] }), { code: 'FST_SESSION_OPTIONS' })
})

t.test('redis: a session outlives the application, and closing the application closes the client', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  const url = `redis://127.0.0.1:${server.port}`
  const observer = new Redis(url).on('error', () => {})
  t.teardown(() => observer.disconnect())

  const jar = new CookieJar()
  const first = await build('redis', { url })
  t.same((await ask(first, jar, 'POST /login/ada')).json(), { user: 'ada' })
  t.equal(jar.attribute('session', 'max-age'), String(14 * 86_400))
  const [key = '', ...others] = await observer.keys('*')
  t.match(key, /^example:session:/)
  t.notMatch(key, jar.get('session')!, 'the id itself is not in Redis')
  t.same(others, [])
  t.equal(await connections(observer), 2)
  await first.close()
  t.ok(await othersHaveGone(observer), 'the client is closed')

  const second = await build('redis', { url })
  t.same((await ask(second, jar, 'GET /')).json(), { user: 'ada' }, 'after a restart')
  const copy = jarWith('session', jar.get('session'))
  await ask(second, jar, 'POST /logout')
  t.equal(jar.header(), '')
  t.same(await observer.keys('*'), [])
  t.same((await ask(second, copy, 'GET /')).json(), { user: null }, 'the copied cookie no longer works')

  await ask(second, jar, 'POST /login/ada')
  await server.stop()
  const response = await ask(second, jar, 'GET /')
  t.equal(response.status, 503, 'without Redis nobody is logged out')
  t.same(response.setCookie, [])
  await second.close()
})

t.test('custom-store keeps sessions in files that outlive the application', async (t) => {
  const folder = join(t.testdir({}), 'sessions')
  const jar = new CookieJar()
  const first = await build('custom-store', { folder })
  for (const visits of [1, 2]) t.same((await ask(first, jar, 'GET /')).json(), { visits })
  await first.close()

  const second = await build('custom-store', { folder })
  t.teardown(() => second.close())
  t.same((await ask(second, jar, 'GET /')).json(), { visits: 3 }, 'after a restart')
  const [file = '', ...others] = await readdir(folder)
  t.match(file, /^[0-9a-f]{64}$/)
  t.same(others, [])

  await utimes(join(folder, file), 1, 1)
  t.same((await ask(second, jar, 'GET /')).json(), { visits: 1 }, 'expired')
  await ask(second, jar, 'POST /logout')
  t.same(await readdir(folder), [file], 'only the expired session is left')

  const broken = await build('custom-store', { folder: join(folder, file) })
  t.teardown(() => broken.close())
  await writeFile(join(folder, file), '')
  t.equal((await ask(broken, jarWith('session', 'x'.repeat(43)), 'GET /')).status, 503, 'nobody is logged out')
})

t.test('the store of custom-store passes the tests of a store', async (t) => {
  const example = await import(new URL('../examples/custom-store.ts', import.meta.url).href)
  const FileStore = example.FileStore as new (folder: string) => SessionStore
  const folder = join(t.testdir({}), 'sessions')
  const breakDown = async () => {
    // A file in the place of the folder. The user root may read any folder, so taking away rights breaks nothing.
    await rename(folder, `${folder}.away`)
    await writeFile(folder, '')
    return async () => {
      await rm(folder)
      await rename(`${folder}.away`, folder)
    }
  }
  const cases = await storeCases(async () => ({ store: new FileStore(folder), break: breakDown }))
  t.ok(cases.length > 20, `${cases.length} cases`)
  await runCases(t, cases)
})

t.test('two-requests: a store with replace keeps all changes, and a store without it loses some', async (t) => {
  const app = await build('two-requests', { pause: 100 })
  t.teardown(() => app.close())
  const after = async (scope: string) => {
    const jar = new CookieJar()
    await ask(app, jar, `POST /${scope}/login`)
    const puts = ['tea', 'cup', 'pot'].map((article) => ask(app, jar, `PUT /${scope}/cart/${article}`))
    t.ok((await Promise.all(puts)).every(({ status }) => status === 200))
    const visits = await Promise.all(Array.from({ length: 5 }, () => ask(app, jar, `POST /${scope}/visit`)))
    t.same(visits.map(({ json }) => json().visits).sort(), [1, 2, 3, 4, 5], `update() counts over the ${scope} store`)
    const keys = (await ask(app, jar, `GET /${scope}`)).json() as string[]
    const late = ask(app, jarWith(scope, jar.get(scope)), `PUT /${scope}/cart/late`)
    await sleep(20)
    const copy = jarWith(scope, jar.get(scope))
    await ask(app, jar, `POST /${scope}/logout`)
    return { keys, late: (await late).status, afterLogout: (await ask(app, copy, `GET /${scope}`)).json() }
  }
  t.same(await after('compared'), {
    keys: ['cart-cup', 'cart-pot', 'cart-tea', 'user', 'visits'],
    late: 409,
    afterLogout: []
  })
  const blind = await after('blind')
  t.equal(blind.keys.length, 3, 'two of three writes are lost')
  t.equal(blind.late, 200)
  t.ok(blind.afterLogout.includes('user'), 'a late write has undone the logout')
})

t.test('custom-serializer: a Date comes back as a Date, and a Set as a Set', async (t) => {
  const app = await build('custom-serializer')
  t.teardown(() => app.close())
  app.get('/function', async (request) => {
    const session = await request.loadSession()
    session.callback = () => 1
    return 'saved'
  })
  const jar = new CookieJar()
  await ask(app, jar, 'POST /tags/a')
  await ask(app, jar, 'POST /tags/b')
  t.same((await ask(app, jar, 'POST /tags/a')).json(), { tags: ['a', 'b'] })
  t.same((await ask(app, jar, 'GET /tags')).json(), { year: new Date().getFullYear(), tags: ['a', 'b'] })
  t.match((await ask(app, jar, 'GET /function')).json(), { statusCode: 500, code: 'FST_SESSION_SERIALIZE' })
})

t.test('an example without a variable that it needs ends at once, and names the variable', async (t) => {
  const { SESSION_SECRET: _, SESSION_KEY: __, ...env } = process.env
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const cases: [name: string, variable: string, given: Record<string, string>][] = [
    ['basic', 'SESSION_SECRET', {}],
    ['encrypted-cookie', 'SESSION_SECRET', {}],
    ['encrypted-cookie', 'SESSION_KEY', { SESSION_SECRET: SECRET }],
    ['redis', 'REDIS_URL', { REDIS_URL: 'redis://127.0.0.1:1' }],
    ['redis', 'REDIS_URL', { REDIS_URL: `redis://127.0.0.1:${port}` }],
    ['redis', 'REDIS_URL', { REDIS_URL: 'redis://nowhere.invalid' }]
  ]
  for (const [name, variable, given] of cases) {
    const args = [TYPESCRIPT, `examples/${name}.ts`]
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      env: { ...env, PORT: '0', ...given },
      encoding: 'utf8',
      timeout: 30_000
    })
    t.equal(status, 1, `${name}: ${stderr}`)
    t.match(stderr, new RegExp(`Error.*\\b${variable}\\b`), name)
    t.match(readFileSync(join(root, `examples/${name}.ts`), 'utf8'), `process.env.${variable}`, `used by ${name}`)
  }
})

t.test('each example runs on its own: it prints its URL, and ends when it is stopped', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  t.equal(EXAMPLES.length, 12)
  const env = {
    ...process.env,
    PORT: '0',
    SESSION_SECRET: SECRET,
    SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
    REDIS_URL: `redis://127.0.0.1:${server.port}`
  }
  const runs = EXAMPLES.map(async (name) => {
    const child = spawn(process.execPath, [TYPESCRIPT, `examples/${name}`], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const ended = once(child, 'exit')
    // The first line that the example prints; undefined if it ends without one.
    const { value: url } = await createInterface(child.stdout!)[Symbol.asyncIterator]().next()
    t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/, name)
    t.ok((await fetch(url)).status < 500, name)
    child.kill()
    await ended
    if (name === 'redis.ts') t.equal(child.exitCode, 0, 'the application has closed itself')
  })
  await Promise.all(runs)
})
