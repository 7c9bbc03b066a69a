import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { advancedDate } from '../support/advanced-date.ts'
import { chromiumPath } from '../support/ensure-programs.ts'
import { startRedis } from '../support/redis-server.ts'

const CHROMIUM = chromiumPath()
if (!existsSync(fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url)))) {
  throw new Error('dist/ is missing: run `npm run build` first')
}

// The name is computed. TypeScript would follow a literal name, and its declaration of SessionData would hold here too.
const example = (file: string) => import(new URL(`../../examples/app/${file}`, import.meta.url).href)
const { build } = await example('app.ts')
const { Users } = await example('users.ts')

const ANDROID =
  'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36'

const redis = await startRedis()
t.teardown(() => redis.stop())
// A test that puts the clock forward may have ended all sessions in the future.
const observer = new Redis(redis.port)
t.teardown(() => observer.disconnect())
t.beforeEach(() => observer.flushall())
const redisUrl = `redis://127.0.0.1:${redis.port}`

let chromiumBrowser: Browser
t.before(async () => {
  chromiumBrowser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
})
t.teardown(() => chromiumBrowser.close())

async function start(t: Test, options: { redisUrl?: string } = {}): Promise<string> {
  const users = new Users()
  await users.add('ada', 'open sesame', 'editor')
  await users.add('grace', 'open sesame', 'administrator')
  const app: FastifyInstance = await build({ users, ...options })
  t.teardown(() => app.close())
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** A person with a browser of their own. Its cookies are separate from those of the others. */
class Visitor {
  readonly page: Page
  readonly #context: BrowserContext
  readonly #origin: string

  constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context
    this.page = page
    this.#origin = origin
  }

  async visit(path: string): Promise<void> {
    await this.page.goto(this.#origin + path)
  }

  /** Logs in, and waits until the socket of the next page is open. */
  async logIn(name: string, { remember = false } = {}): Promise<void> {
    await this.visit('/login')
    await this.page.getByLabel('Name').fill(name)
    await this.page.getByLabel('Password').fill('open sesame')
    await this.page.getByLabel('Remember me').setChecked(remember)
    const isListening = this.nextMessage()
    await this.press('Log in')
    await isListening
  }

  async enterPassword(): Promise<void> {
    await this.page.getByLabel('Password').fill('open sesame')
    await this.press('Continue')
  }

  async press(button: string): Promise<void> {
    const loaded = this.page.waitForEvent('load')
    await this.page.getByRole('button', { name: button, exact: true }).click()
    await loaded
  }

  /** Resolves when the next socket of the page gets its first message. */
  nextMessage(): Promise<void> {
    return firstMessage(this.page)
  }

  async shows(text: string): Promise<void> {
    await this.page.getByText(text).first().waitFor()
  }

  path(): string {
    return new URL(this.page.url()).pathname
  }

  /** The path of the page, as soon as the browser has left the present one by itself. */
  async leaves(): Promise<string> {
    await this.page.waitForURL('**/login?*')
    return this.path()
  }

  async devices(): Promise<string[]> {
    const items = await this.page.getByRole('listitem').allInnerTexts()
    return items.map((text) => text.replace(/\s+/g, ' '))
  }

  async cookie() {
    return (await this.#context.cookies()).find(({ name }) => name === 'session')
  }
}

const firstMessage = (page: Page) =>
  new Promise<void>((resolve) => {
    page.once('websocket', (socket) => socket.once('framereceived', () => resolve()))
  })

async function open(t: Test, origin: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await chromiumBrowser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => t.fail(`the page's script failed: ${error.message}`))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) t.fail(message.text())
  })
  return new Visitor(context, page, origin)
}

for (const store of ['SQLite', 'Redis'] as const) {
  t.test(
    `the first browser ends the session of the second: its socket closes, and it is logged out (${store})`,
    async (t) => {
      const options = store === 'Redis' ? { redisUrl } : {}
      const origin = await start(t, options)
      // Over Redis, the second browser uses another process of the application, as behind a load balancer.
      const otherOrigin = store === 'Redis' ? await start(t, options) : origin
      const advance = advancedDate(t)
      const desk = await open(t, origin)
      const phone = await open(t, otherOrigin, { userAgent: ANDROID })
      await phone.logIn('ada')
      await desk.logIn('ada')
      advance(120)
      await desk.visit('/devices')
      const [first, second, ...others] = await desk.devices()
      t.match(
        first,
        /^Chrome on Linux This device 127\.0\.0\.1 · in use now Password entered 2 minutes ago, ends in 24 hours/
      )
      // Redis knows how long a session still lives, and its clock has not been put forward.
      const seen = store === 'Redis' ? 'just now' : '2 minutes ago'
      t.match(second, `Chrome on Android 127.0.0.1 · last seen ${seen} Password entered 2 minutes ago`)
      t.same(others, [])

      const began = performance.now()
      const left = phone.leaves()
      await desk.press('Log out Chrome on Android')
      t.equal(await left, '/login', 'the open page of the phone goes to the login by itself')
      t.ok(performance.now() - began < 10_000, 'and does not wait for the recheck')
      await phone.shows('This session was ended')
      await desk.shows('The device is logged out.')
      t.match(await desk.devices(), [/This device/])
      await phone.visit('/')
      await phone.shows('Nobody is logged in')

      await phone.logIn('ada')
      const tablet = await open(t, origin)
      await tablet.logIn('ada')
      await desk.visit('/devices')
      const both = Promise.all([phone.leaves(), tablet.leaves()])
      await desk.press('Log out all other devices')
      t.same(await both, ['/login', '/login'])
      await desk.shows('2 devices are logged out.')
      await desk.visit('/')
      await desk.shows('Hello, ada.')
    }
  )
}

t.test('after five minutes the page asks for the password again before it ends a session', async (t) => {
  const origin = await start(t)
  const advance = advancedDate(t)
  const [desk, phone] = [await open(t, origin), await open(t, origin, { userAgent: ANDROID })]
  await desk.logIn('ada')
  await phone.logIn('ada')
  advance(301)
  await desk.visit('/devices')
  await desk.press('Log out Chrome on Android')
  t.equal(desk.path(), '/confirm')
  t.equal(phone.path(), '/', 'the phone is still logged in')
  await desk.enterPassword()
  t.equal(desk.path(), '/devices')
  t.equal((await desk.devices()).length, 2, 'the new login is no new device')
  const left = phone.leaves()
  await desk.press('Log out Chrome on Android')
  t.equal(await left, '/login')
})

t.test('"Remember me" decides whether the cookie and the session outlive the browser', async (t) => {
  const origin = await start(t)
  const advance = advancedDate(t)
  const [remembered, forgotten] = [await open(t, origin), await open(t, origin)]
  await remembered.logIn('ada', { remember: true })
  await forgotten.logIn('ada')
  const seconds = ((await remembered.cookie())?.expires ?? 0) - Date.now() / 1000
  t.ok(seconds > 3500 && seconds <= 3601, 'the browser keeps the cookie for an hour')
  t.equal((await forgotten.cookie())?.expires, -1, 'until the browser closes')

  advance(14 * 60)
  for (const visitor of [remembered, forgotten]) {
    await visitor.visit('/devices')
    await visitor.shows('in use now')
  }
  await forgotten.visit('/devices')
  await remembered.visit('/devices')
  t.match(await remembered.devices(), [/last seen just now/, /in use now/])
  advance(16 * 60)
  await forgotten.visit('/')
  await forgotten.shows('Nobody is logged in')
  await remembered.visit('/')
  await remembered.shows('Hello, ada.')
})

t.test('a session ends after an hour without a request, and after a day in any case', async (t) => {
  const origin = await start(t)
  const advance = advancedDate(t)
  const [idle, active] = [await open(t, origin), await open(t, origin)]
  await idle.logIn('ada', { remember: true })
  await active.logIn('ada', { remember: true })
  for (let minutes = 0; minutes < 24 * 60 - 50; minutes += 50) {
    advance(50 * 60)
    await active.visit('/notice')
    t.equal(active.path(), '/notice')
  }
  advance(50 * 60)
  for (const visitor of [idle, active]) {
    await visitor.visit('/notice')
    t.equal(visitor.path(), '/login')
  }
})

t.test('an administrator ends all sessions of a user', async (t) => {
  const origin = await start(t)
  const [grace, desk, phone] = [await open(t, origin), await open(t, origin), await open(t, origin)]
  await desk.logIn('ada')
  await phone.logIn('ada')
  await grace.logIn('grace')
  await grace.page.getByRole('link', { name: 'Users' }).click()
  const left = Promise.all([desk.leaves(), phone.leaves()])
  await grace.press('End all sessions of ada')
  t.same(await left, ['/login', '/login'])
  await desk.shows('by an administrator')
  await grace.shows('2 sessions of ada ended.')
  t.match(await grace.devices(), [/^ada editor Not logged in/, /^grace administrator .*This device/])
})

t.test('a new notice appears on open pages, and a logout closes the other tab of the same browser', async (t) => {
  const origin = await start(t)
  const [ada, grace] = [await open(t, origin), await open(t, origin)]
  await ada.logIn('ada')
  await grace.logIn('grace')
  await ada.visit('/notice')
  await ada.page.getByLabel('Notice').fill('Tea at <b>five</b>')
  await ada.press('Publish')
  await grace.shows('Tea at <b>five</b>')

  const tab = await ada.page.context().newPage()
  const isListening = firstMessage(tab)
  await tab.goto(`${origin}/devices`)
  await isListening
  await ada.press('Log out')
  t.equal(ada.path(), '/', 'the tab with the button gets the answer to its form')
  await tab.waitForURL('**/login?ended=logout')
  t.equal(await ada.page.getByRole('button').count(), 0)
})

t.test('an open page stays, and connects again, when the application restarts', async (t) => {
  const users = new Users()
  await users.add('ada', 'open sesame', 'editor')
  const first: FastifyInstance = await build({ users, redisUrl })
  t.teardown(() => first.close())
  const origin = await first.listen({ host: '127.0.0.1', port: 0 })
  const ada = await open(t, origin)
  await ada.logIn('ada')
  await first.close()
  const second: FastifyInstance = await build({ users, redisUrl })
  t.teardown(() => second.close())
  const isListening = ada.nextMessage()
  await second.listen({ host: '127.0.0.1', port: Number(new URL(origin).port) })
  await isListening
  t.equal(ada.path(), '/')
})
