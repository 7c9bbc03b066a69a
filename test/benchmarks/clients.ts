import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Scenario } from './scenarios.ts'

const CLIENTS = 100
const IN_FLIGHT = 16

/** Browsers of one application: each has a session, and keeps the cookie that it is given. */
export class Clients {
  readonly #app: FastifyInstance
  readonly #cookies: string[] = []
  #next = 0

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  /** Gives each a session. */
  async start(): Promise<void> {
    for (let client = 0; client < CLIENTS; client++) {
      const { headers } = await this.#app.inject('/S3')
      const [line = `session=k3v9S0b7Qm2nXc5LrTz8Yp1wHd4fJg6aEu0iOsRtVxB`] = [headers['set-cookie'] ?? []].flat()
      this.#cookies.push(line.slice(0, line.indexOf(';') === -1 ? undefined : line.indexOf(';')))
    }
  }

  /** @returns microseconds of CPU time a request, of all threads of this process */
  measure(scenario: Scenario, requests: number): Promise<number> {
    const url = `/${scenario}`
    let started = IN_FLIGHT
    let ended = 0
    return new Promise((resolve, reject) => {
      const before = process.cpuUsage()
      const send = () => {
        const client = this.#next++ % CLIENTS
        const headers = scenario === 'S3' ? {} : { cookie: this.#cookies[client] }
        this.#app.inject({ method: 'GET', url, headers }, (error, response) => {
          if (error || response?.statusCode !== 200) return reject(error ?? new Error(`${url}: ${response?.body}`))
          if (scenario !== 'S3') this.#keep(client, response)
          // In a turn of its own: Node keeps every request of a turn in memory until the turn ends.
          if (started < requests) {
            started++
            setImmediate(send)
          }
          if (++ended < requests) return
          const { user, system } = process.cpuUsage(before)
          resolve((user + system) / requests)
        })
      }
      for (let slot = 0; slot < IN_FLIGHT; slot++) send()
    })
  }

  #keep(client: number, { headers }: LightMyRequestResponse): void {
    const lines = headers['set-cookie']
    if (lines === undefined) return
    const line = typeof lines === 'string' ? lines : lines[0]!
    this.#cookies[client] = line.slice(0, line.indexOf(';'))
  }
}
