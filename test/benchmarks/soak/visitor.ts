import type { Answer, HttpClient } from './http.ts'
import type { Ledger, Operation } from './ledger.ts'

/** How many of a hundred steps are which operation. */
const MIX: readonly [Operation, number][] = [
  ['anonymous', 20],
  ['read', 40],
  ['write', 25],
  ['login', 5],
  ['logout', 5],
  ['replay', 5]
]

/** What a logged-in visitor knows about their session. */
interface Known {
  cookie: string
  /** The last acknowledged value. The store may instead hold one of `possible`: values whose write failed. */
  value: number
  possible: number[]
}

/** A browser with its own session. It remembers what the server acknowledged, and checks every answer against that. */
export class Visitor {
  readonly #name: string
  readonly #http: HttpClient
  readonly #ledger: Ledger
  /** `null` when logged out. */
  #known: Known | null = null
  /** Cookies of sessions that have ended. */
  readonly #dead: string[] = []
  #serial = 0

  constructor(name: string, http: HttpClient, ledger: Ledger) {
    this.#name = name
    this.#http = http
    this.#ledger = ledger
  }

  /** One request. @returns whether it was answered with 200 */
  step(): Promise<boolean> {
    return this[this.#pick()]()
  }

  /** Checks that everything acknowledged is still stored. */
  async finish(): Promise<void> {
    await this.read()
    for (const cookie of this.#dead) await this.#isDead(cookie)
  }

  async anonymous(): Promise<boolean> {
    return (await this.#send('anonymous', 'GET', '/anonymous', this.#known?.cookie)).status === 200
  }

  async read(): Promise<boolean> {
    const known = this.#known
    const { status, body } = await this.#send('read', 'GET', '/read', known?.cookie)
    if (status !== 200) return false
    const { user, value } = body as { user?: string; value?: number }
    if (known === null) {
      if (user !== undefined) this.#ledger.wrong(`${this.#name} is ${user}, without a cookie`)
    } else if (user !== this.#name) {
      this.#ledger.wrong(`${this.#name} is ${user}`)
    } else if (![known.value, ...known.possible].includes(value!)) {
      this.#ledger.wrong(`${this.#name} has ${value}, instead of ${known.value} or ${known.possible}`)
    } else {
      known.value = value!
    }
    return true
  }

  async write(): Promise<boolean> {
    const known = this.#known
    if (known === null) return this.login()
    const value = ++this.#serial
    const { status, setCookie } = await this.#send('write', 'POST', `/write?value=${value}`, known.cookie)
    // If the session were lost, the server would start a new one and set its cookie.
    if (setCookie !== undefined) this.#ledger.wrong(`${this.#name} has lost the session with ${known.value}`)
    if (status === 200) Object.assign(known, { value, possible: [] })
    else known.possible.push(value)
    return status === 200
  }

  async login(): Promise<boolean> {
    const value = ++this.#serial
    const old = this.#known?.cookie
    const path = `/login?user=${this.#name}&value=${value}`
    const { status, setCookie } = await this.#send('login', 'POST', path, old)
    // If the login fails, the old session may or may not have ended, so the visitor forgets it.
    this.#known = null
    if (status !== 200) return false
    const cookie = setCookie?.split(';', 1)[0]
    if (cookie === undefined) this.#ledger.wrong(`${this.#name} was given no cookie`)
    else this.#known = { cookie, value, possible: [] }
    if (old !== undefined) this.#dead.push(old)
    return true
  }

  async logout(): Promise<boolean> {
    if (this.#known === null) return this.login()
    const { cookie } = this.#known
    const { status } = await this.#send('logout', 'POST', '/logout', cookie)
    this.#known = null
    if (status === 200) this.#dead.push(cookie)
    return status === 200
  }

  /** Sends a cookie of a session that has ended, as somebody who kept a copy would. */
  async replay(): Promise<boolean> {
    const cookie = this.#dead[Math.floor(Math.random() * this.#dead.length)]
    return cookie === undefined ? this.read() : this.#isDead(cookie)
  }

  async #isDead(cookie: string): Promise<boolean> {
    const { status, body } = await this.#send('replay', 'GET', '/read', cookie)
    if (status === 200 && Object.keys(body as object).length > 0) this.#ledger.wrong(`${this.#name}: life after logout`)
    return status === 200
  }

  async #send(operation: Operation, method: 'GET' | 'POST', path: string, cookie: string | undefined): Promise<Answer> {
    const began = performance.now()
    const answer = await this.#http.send(method, path, cookie)
    this.#ledger.answered(operation, answer.status, began)
    return answer
  }

  #pick(): Operation {
    let left = Math.random() * 100
    for (const [operation, share] of MIX) {
      left -= share
      if (left < 0) return operation
    }
    return 'anonymous'
  }
}
