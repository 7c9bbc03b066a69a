import { Agent, request } from 'node:http'

export interface Answer {
  /** The HTTP status, or the error message if there was no response. */
  readonly status: number | string
  readonly body: unknown
  readonly setCookie: string | undefined
}

/**
 * Sends requests to one server, or to the processes of a server in turn. Connections are kept open, and there are as
 * many as requests in flight.
 */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #ports: readonly number[]
  #sent = 0

  constructor(ports: readonly number[]) {
    this.#ports = ports
  }

  /** Never rejects. */
  send(method: 'GET' | 'POST', path: string, cookie: string | undefined): Promise<Answer> {
    return new Promise((resolve) => {
      const failed = (error: Error) => resolve({ status: error.message, body: undefined, setCookie: undefined })
      const headers = cookie === undefined ? {} : { cookie }
      const port = this.#ports[this.#sent++ % this.#ports.length]
      const sent = request({ host: '127.0.0.1', port, agent: this.#agent, method, path, headers })
      sent.on('error', failed)
      sent.on('response', async (response) => {
        try {
          const body: unknown = JSON.parse(Buffer.concat(await response.toArray()).toString())
          resolve({ status: response.statusCode!, body, setCookie: response.headers['set-cookie']?.[0] })
        } catch (error) {
          failed(error as Error)
        }
      })
      sent.end()
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
