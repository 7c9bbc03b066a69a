import { setTimeout as sleep } from 'node:timers/promises'
import type { UserAnswer, UserProcess } from './user-processes.ts'

const USERS = ['ada', 'bob', 'eve'] as const
/** More than the limit, so that logins end older sessions. */
const BROWSERS_EACH = 5
/** The password check of a login takes up to this time, so some logins are older than an `endAll()` before them. */
const PASSWORD_MS = 60
/** Even a short load has at least so many answers of each kind. */
const ENOUGH = 3

type Operation = 'login' | 'log in again' | 'read' | 'write' | 'rotate' | 'logout' | 'endAll' | 'list'
type Step = Exclude<Operation, 'endAll' | 'list'>

/** A session cookie that a browser has received. All times are milliseconds of `performance.now()`. */
interface Cookie {
  readonly value: string
  readonly handle: string
  /** The cookie that was sent with the request. */
  readonly parent: Cookie | undefined
  /** When a logout with this cookie was answered. */
  loggedOut: number
}

interface Login {
  readonly user: string
  /** When the password was checked, in milliseconds since 1970. */
  readonly at: number
}

interface Ending {
  readonly user: string
  /** When it was sent, in milliseconds since 1970. */
  readonly at: number
  /** When it had resolved (`performance.now()`). */
  readonly resolved: number
}

interface Browser {
  readonly user: string
  cookie: Cookie | undefined
}

const ALONE: readonly Step[] = ['read', 'read', 'write', 'write', 'rotate', 'rotate', 'log in again', 'logout']
const BESIDES: readonly Step[] = ['write', 'rotate', 'log in again', 'logout']

const oneOf = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T

/** Browsers of a few users, and somebody who ends all sessions of a user. Each request goes to any of the processes. */
export class UserLoad {
  readonly #processes: readonly UserProcess[]
  readonly #max: number
  readonly #browsers: readonly Browser[] = USERS.flatMap((user) =>
    Array.from({ length: BROWSERS_EACH }, () => ({ user, cookie: undefined }))
  )
  readonly #logins = new Map<string, Login>()
  readonly #endings: Ending[] = []
  /** Cookies that may open a session. */
  #open: Cookie[] = []
  /** Cookies that have opened no session when everything was quiet. */
  readonly #dead: Cookie[] = []
  readonly #counts = new Map<string, number>()
  #ended = 0
  /** What must not happen. */
  readonly violations = new Set<string>()

  constructor(processes: readonly UserProcess[], max: number) {
    this.#processes = processes
    this.#max = max
  }

  /** Each answer that there was, and how often. */
  get report(): string {
    const counts = [...this.#counts].sort().map(([what, count]) => `${what}: ${count}`)
    return [...counts, `sessions that endAll() ended: ${this.#ended}`].join(', ')
  }

  /** Sends requests for this time, waits for all answers, and checks which sessions are alive then. */
  async run(seconds: number): Promise<void> {
    const deadline = performance.now() + seconds * 1_000
    const isOver = () => performance.now() > deadline && this.#hasEnough()
    const visits = this.#browsers.map(async (browser) => {
      while (!isOver()) await this.#visit(browser)
    })
    const endings = async () => {
      while (!isOver()) await this.#administer()
    }
    await Promise.all([...visits, endings()])
    await this.#whenQuiet()
  }

  /** Checks every cookie that there ever was, and that users can still log in. */
  async finish(): Promise<void> {
    for (const cookie of this.#dead) {
      if ((await this.#read(cookie)) !== undefined) this.violations.add('a dead session is alive again')
    }
    for (const user of USERS) {
      const browser: Browser = { user, cookie: undefined }
      await this.#login(browser, 'login', undefined, Date.now())
      const handle = browser.cookie && (await this.#read(browser.cookie))
      if (handle === undefined) this.violations.add('a user cannot log in any more')
    }
    await this.#whenQuiet()
  }

  #hasEnough(): boolean {
    const wanted: readonly Operation[] = ['login', 'log in again', 'rotate', 'logout', 'endAll', 'list']
    return this.#ended > 0 && wanted.every((operation) => (this.#counts.get(`${operation} 200`) ?? 0) >= ENOUGH)
  }

  async #visit(browser: Browser): Promise<void> {
    const { cookie } = browser
    if (cookie === undefined) {
      const at = Date.now()
      await sleep(Math.random() * PASSWORD_MS)
      return this.#login(browser, 'login', undefined, at)
    }
    const steps = Math.random() < 0.3 ? [oneOf(BESIDES), oneOf(BESIDES)] : [oneOf(ALONE)]
    await Promise.all(steps.map((step) => this.#step(browser, step, cookie)))
    if (browser.cookie !== undefined && (await this.#read(browser.cookie)) === undefined) browser.cookie = undefined
  }

  async #step(browser: Browser, step: Step, cookie: Cookie): Promise<void> {
    if (step === 'log in again') return this.#login(browser, step, cookie, Date.now())
    const { status, ...answer } = await this.#ask(step, `/${step}`, cookie)
    if (status !== 200) return
    if (step === 'logout') {
      cookie.loggedOut = performance.now()
      if (browser.cookie === cookie) browser.cookie = undefined
    }
    this.#keep(browser, answer, cookie)
  }

  async #login(browser: Browser, operation: Step, cookie: Cookie | undefined, at: number): Promise<void> {
    const { user } = browser
    const { status, ...answer } = await this.#ask(operation, `/login?user=${user}&at=${at}`, cookie, { user, at })
    if (status === 200) this.#keep(browser, answer, cookie)
  }

  #keep(browser: Browser, { cookie: value, body }: Omit<UserAnswer, 'status'>, parent: Cookie | undefined): void {
    const { handle } = body as { handle?: string }
    if (value === undefined || handle === undefined) return
    browser.cookie = { value, handle, parent, loggedOut: Number.POSITIVE_INFINITY }
    this.#open.push(browser.cookie)
  }

  /** @returns the handle of the session that the cookie opens */
  async #read(cookie: Cookie): Promise<string | undefined> {
    const { body } = await this.#ask('read', '/read', cookie)
    return (body as { handle?: string }).handle
  }

  async #administer(): Promise<void> {
    await sleep(20 + Math.random() * 150)
    const user = oneOf(USERS)
    await this.#listed(user)
    const at = Date.now()
    const { status, body } = await this.#ask('endAll', `/end-all?user=${user}`)
    if (status !== 200) return
    this.#endings.push({ user, at, resolved: performance.now() })
    this.#ended += Number(body)
  }

  async #listed(user: string): Promise<readonly string[]> {
    const { body } = await this.#ask('list', `/list?user=${user}`)
    const listed = body as string[]
    if (listed.length > this.#max) this.violations.add(`${listed.length} sessions are listed`)
    return listed
  }

  async #ask(operation: Operation, path: string, cookie?: Cookie, login?: Login): Promise<UserAnswer> {
    const sent = performance.now()
    const answer = await oneOf(this.#processes).get(path, cookie?.value)
    const { status, body } = answer
    const what = `${operation} ${status}`
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
    if (status !== 200 && status !== 409) this.violations.add(what)
    const { handle } = body as { handle?: string }
    if (status !== 200 || handle === undefined) return answer
    // A login in the same session keeps its handle, and the session began with the first one.
    if (login !== undefined && !this.#logins.has(handle)) this.#logins.set(handle, login)
    this.#checkAlive(operation, handle, sent, cookie)
    return answer
  }

  /** Checks that a session may be alive for a request that was sent at this time. */
  #checkAlive(operation: Operation, handle: string, sent: number, cookie: Cookie | undefined): void {
    const { user, at } = this.#logins.get(handle) as Login
    if (this.#endings.some((ending) => ending.user === user && ending.at > at && ending.resolved < sent)) {
      this.violations.add(`${operation}: life after endAll()`)
    }
    for (let own = cookie; own?.handle === handle; own = own.parent) {
      if (own.loggedOut < sent) this.violations.add(`${operation}: life after a logout`)
    }
  }

  /** Checks while no request is in flight that all living sessions are listed, and that there are not too many. */
  async #whenQuiet(): Promise<void> {
    const alive = new Set<string>()
    const open: Cookie[] = []
    for (const cookie of this.#open) {
      const handle = await this.#read(cookie)
      if (handle === undefined) this.#dead.push(cookie)
      else {
        alive.add(handle)
        open.push(cookie)
      }
    }
    this.#open = open
    for (const user of USERS) {
      const listed = await this.#listed(user)
      const living = [...alive].filter((handle) => this.#logins.get(handle)?.user === user)
      if (living.length > this.#max) this.violations.add(`${living.length} sessions of a user are alive`)
      if (living.some((handle) => !listed.includes(handle))) this.violations.add('a living session is not listed')
    }
  }
}
