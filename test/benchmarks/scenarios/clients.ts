import type { Application } from '../columns/application.ts'
import { type Answer, ask } from './in-process.ts'
import type { Scenario } from './scenarios.ts'

const CLIENTS = 100

/** Browsers of one application. Each browser has a session, and keeps the cookie that the application sets. */
export class Clients {
  readonly #app: Application
  readonly #cookies: string[] = []
  #next = 0

  constructor(app: Application) {
    this.#app = app
  }

  /** The Cookie header of each browser. */
  get cookies(): readonly string[] {
    return this.#cookies
  }

  /** Gives each browser a session. */
  async start(): Promise<void> {
    for (let client = 0; client < CLIENTS; client++) {
      // Applications without sessions set no cookie, so they get this one.
      this.#cookies.push('session=k3v9S0b7Qm2nXc5LrTz8Yp1wHd4fJg6aEu0iOsRtVxB')
      this.#next = client
      await this.measure('S3', 1, 1)
    }
  }

  /** @returns microseconds of CPU time for each request, of all threads of this process */
  measure(scenario: Scenario, requests: number, inFlight: number): Promise<number> {
    const url = `/${scenario}`
    let started = 0
    let ended = 0
    return new Promise((resolve, reject) => {
      const before = process.cpuUsage()
      const send = () => {
        started++
        const client = this.#next++ % CLIENTS
        const headers = scenario === 'S3' ? {} : { cookie: this.#cookies[client] }
        ask(this.#app.listener, url, headers, (answer) => {
          if (answer.statusCode !== 200) return reject(new Error(`${url}: ${answer.body}`))
          this.#keep(client, answer)
          // Each request starts in a new turn of the event loop, as on a real server.
          if (started < requests) setImmediate(send)
          if (++ended < requests) return
          const { user, system } = process.cpuUsage(before)
          resolve((user + system) / requests)
        })
      }
      while (started < Math.min(inFlight, requests)) send()
    })
  }

  #keep(client: number, { setCookie }: Answer): void {
    if (setCookie !== undefined) this.#cookies[client] = setCookie.slice(0, setCookie.indexOf(';'))
  }
}
