import type { FastifyInstance, InjectOptions } from 'fastify'
import { CookieJar } from './cookie-jar.ts'

type Sent = Pick<InjectOptions, 'payload' | 'headers'>

/** A visitor with one browser. It sends the cookies that earlier responses set. */
export class Visitor {
  readonly #app: FastifyInstance
  readonly jar: CookieJar

  constructor(app: FastifyInstance, jar = new CookieJar()) {
    this.#app = app
    this.jar = jar
  }

  /** A visitor who has stolen the current session cookie. */
  thief(name = 'session'): Visitor {
    const jar = new CookieJar()
    jar.take({ headers: { 'set-cookie': `${name}=${this.jar.get(name)}` } })
    return new Visitor(this.#app, jar)
  }

  /** @param request method and path: `POST /login` */
  async send(request: string, { payload, headers }: Sent = {}) {
    const [method, url] = request.split(' ') as ['GET', string]
    const all = { ...(this.jar.header() !== '' && { cookie: this.jar.header() }), ...headers }
    const response = await this.#app.inject({ method, url, headers: all, ...(payload !== undefined && { payload }) })
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body,
      raw: response.rawPayload,
      /** The Set-Cookie lines. */
      lines: this.jar.take(response),
      json: () => response.json()
    }
  }
}
