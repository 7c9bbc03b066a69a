import { Agent, request } from 'node:http'

export interface Answer {
  /** The HTTP status, or the error message if there was no response. */
  readonly status: number | string
  readonly body: unknown
  readonly setCookie: string | undefined
}

/** Sends requests to one server. Connections are kept open, and there are as many as requests in flight. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** Never rejects. */
  send(method: 'GET' | 'POST', path: string, cookie: string | undefined): Promise<Answer> {
    return new Promise((resolve) => {
      const failed = (error: Error) => resolve({ status: error.message, body: undefined, setCookie: undefined })
      const headers = cookie === undefined ? {} : { cookie }
      const sent = request({ host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers })
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
