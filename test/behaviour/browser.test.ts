import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { chromiumPath } from '../support/ensure-programs.ts'

const CHROMIUM = chromiumPath()
if (!existsSync(fileURLToPath(new URL('../../dist/lib/index.js', import.meta.url)))) {
  throw new Error('dist/ is missing: run `npm run build` first')
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** Reads the page in the browser, and the cookie in the browser's own jar. */
class Visitor {
  readonly #context: BrowserContext
  readonly #page: Page

  constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.#page = page
  }

  async logIn(name: string, { remember }: { remember: boolean }): Promise<void> {
    await this.#page.getByLabel('Name').fill(name)
    await this.#page.getByLabel('Password').fill('open sesame')
    await this.#page.getByLabel('Remember me').setChecked(remember)
    await this.press('Log in')
  }

  async press(button: string): Promise<void> {
    const loaded = this.#page.waitForEvent('load')
    await this.#page.getByRole('button', { name: button }).click()
    await loaded
  }

  async reload(): Promise<void> {
    await this.#page.reload()
  }

  heading(): Promise<string> {
    return this.text('h1')
  }

  async flash(): Promise<string | null> {
    const isShown = (await this.#page.locator('#flash').count()) > 0
    return isShown ? this.text('#flash') : null
  }

  async secondsLeft(): Promise<number> {
    const [minutes = Number.NaN, seconds = Number.NaN] = (await this.text('#remaining')).split(':').map(Number)
    return minutes * 60 + seconds
  }

  async text(selector: string): Promise<string> {
    return (await this.#page.locator(selector).textContent()) ?? ''
  }

  html(): Promise<string> {
    return this.#page.content()
  }

  async cookie() {
    const cookies = await this.#context.cookies()
    return cookies.find(({ name }) => name === 'session')
  }
}

let app: FastifyInstance
let origin: string

t.before(async () => {
  // The name is computed, so that TypeScript does not compile the example as part of this program.
  const example = await import(new URL('../../examples/login.ts', import.meta.url).href)
  app = await example.build()
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
})

t.teardown(() => app.close())

async function open(t: Test): Promise<Visitor> {
  // Playwright makes the folder, not tap: a browser that was just closed may still write while tap removes its folder.
  const context = await chromium.launchPersistentContext('', { executablePath: CHROMIUM, args: FLAGS })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => t.fail(`the page's script failed: ${error.message}`))
  await page.goto(origin)
  return new Visitor(context, page)
}

/** The page for somebody who has copied a cookie. */
async function seenWith(value: string): Promise<string> {
  const response = await fetch(origin, { headers: { cookie: `session=${value}` } })
  return response.text()
}

t.test('a browser logs in, comes back, rotates and logs out', async (t) => {
  const ada = await open(t)
  t.match(await ada.heading(), 'Nobody')
  t.equal(await ada.cookie(), undefined, 'without a session there is no cookie')

  await ada.logIn('Ada <b>', { remember: true })
  t.match(await ada.heading(), 'Ada <b>')
  t.match(await ada.flash(), 'Welcome')
  const first = (await ada.cookie())!
  t.match(first, { httpOnly: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1', secure: false })
  const lifetime = first.expires - Date.now() / 1000
  t.ok(lifetime > 840 && lifetime <= 901, 'the browser keeps the cookie for 15 minutes')
  t.notMatch(await ada.html(), first.value, 'the id is not on the page')

  await ada.reload()
  t.match(await ada.heading(), 'Ada <b>', 'still logged in')
  t.equal(await ada.flash(), null)
  t.same(JSON.parse(await ada.text('#content')), { user: 'Ada <b>', pageViews: 2 })
  t.equal((await ada.cookie())?.value, first.value, 'under the same id')

  const fingerprint = await ada.text('#fingerprint')
  await ada.press('Rotate id')
  const second = (await ada.cookie())!
  t.not(second.value, first.value)
  t.not(await ada.text('#fingerprint'), fingerprint)
  t.match(await ada.heading(), 'Ada <b>')
  t.match(await ada.flash(), 'new id')
  t.match(await seenWith(first.value), 'Nobody is logged in', 'the old cookie no longer works')

  await ada.press('Log out')
  t.match(await ada.heading(), 'Nobody')
  t.match(await ada.flash(), 'Logged out')
  t.equal(await ada.cookie(), undefined, "the browser's own jar is empty")
  t.match(await seenWith(second.value), 'Nobody is logged in')
})

t.test('without "remember me" the cookie lasts until the browser closes, and Clear ends it at once', async (t) => {
  const ada = await open(t)
  await ada.logIn('Ada', { remember: false })
  t.equal((await ada.cookie())?.expires, -1)
  await ada.reload()
  t.equal((await ada.cookie())?.expires, -1)

  await ada.press('Clear')
  t.match(await ada.heading(), 'Nobody')
  t.match(await ada.flash(), 'Cleared')
  t.equal(await ada.cookie(), undefined)
})

t.test('the remaining time counts down, and starts anew when the page is loaded', async (t) => {
  const ada = await open(t)
  await ada.logIn('Ada', { remember: true })
  const start = await ada.secondsLeft()
  t.ok(start > 840 && start <= 900, `${start} seconds`)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  const later = await ada.secondsLeft()
  t.ok(later <= start - 2, `${later} seconds`)
  await ada.reload()
  t.ok((await ada.secondsLeft()) > later)
})
