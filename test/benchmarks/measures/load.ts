import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Scenario } from '../scenarios/scenarios.ts'

const HEAD_END = '\r\n\r\n'
const LENGTH = 'content-length: '
const CLOSED = 'the server closed a connection'
const SET_COOKIE = 'set-cookie: '
/** Applications without sessions set no cookie, so they get this one. */
const NO_SESSION = 'session=k3v9S0b7Qm2nXc5LrTz8Yp1wHd4fJg6aEu0iOsRtVxB'

/**
 * A browser with one connection and one session. It understands just as much of HTTP as the measured applications speak,
 * because the load must not cost more than the server.
 */
class Browser {
  readonly #socket: Socket
  #cookie = NO_SESSION
  #received = ''
  #answered: (error?: Error) => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.setNoDelay(true)
    socket.on('data', (text) => this.#receive(String(text)))
    // 'close' follows each error.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#answered(new Error(CLOSED)))
  }

  /** @param answered called once, with an error unless the status is 200 */
  send(scenario: Scenario, answered: (error?: Error) => void): void {
    this.#answered = answered
    if (this.#socket.destroyed) {
      answered(new Error(CLOSED))
      return
    }
    const cookie = scenario === 'S3' ? '' : `Cookie: ${this.#cookie}\r\n`
    this.#socket.write(`GET /${scenario} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n${cookie}\r\n`, 'latin1')
  }

  close(): void {
    this.#answered = () => undefined
    this.#socket.destroy()
  }

  #receive(text: string): void {
    this.#received += text
    const answer = this.#received
    const end = answer.indexOf(HEAD_END)
    if (end === -1) return
    const length = answer.indexOf(LENGTH)
    if (length === -1 || length > end) {
      this.#answered(new Error(`no Content-Length: ${answer}`))
      return
    }
    if (answer.length < end + HEAD_END.length + Number.parseInt(answer.slice(length + LENGTH.length), 10)) return
    this.#received = ''
    const cookie = answer.indexOf(SET_COOKIE)
    if (cookie !== -1) this.#cookie = answer.slice(cookie + SET_COOKIE.length, answer.indexOf(';', cookie))
    this.#answered(answer.startsWith('HTTP/1.1 200') ? undefined : new Error(answer))
  }
}

/** Browsers of one server. Each sends its next request when it has the answer to the one before. */
export class Load {
  readonly #browsers: readonly Browser[]

  private constructor(browsers: readonly Browser[]) {
    this.#browsers = browsers
  }

  /** Connects the browsers, and gives each a session. */
  static async open(port: number, browsers: number): Promise<Load> {
    const connected = Array.from({ length: browsers }, async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return new Browser(socket)
    })
    const load = new Load(await Promise.all(connected))
    await load.run('S3', 0)
    return load
  }

  /**
   * Sends at least one request for each browser.
   * @returns how many requests were answered
   * @throws if an answer is an error
   */
  async run(scenario: Scenario, milliseconds: number): Promise<number> {
    const end = performance.now() + milliseconds
    let answers = 0
    const working = this.#browsers.map(
      (browser) =>
        new Promise<void>((resolve, reject) => {
          const next = (error?: Error): void => {
            answers++
            if (error !== undefined) reject(new Error(`/${scenario} over HTTP: ${error.message}`))
            else if (performance.now() < end) browser.send(scenario, next)
            else resolve()
          }
          browser.send(scenario, next)
        })
    )
    await Promise.all(working)
    return answers
  }

  close(): void {
    for (const browser of this.#browsers) browser.close()
  }
}
