import Fastify, { type FastifyInstance } from 'fastify'
import type { Session } from '../../../types/session.ts'
import type { SessionStore } from '../../../types/store.ts'
import type { InterleavingOptions } from '../../../types/store-conformance.ts'
import { plugin } from '../../fastify/plugin.ts'

/** What a route does with the session. */
export type Handler = (session: Session) => unknown

/** A response, as a browser with one cookie reads it. */
export interface Answer {
  readonly status: number
  /** Whether the response sets or clears the cookie. */
  readonly setsCookie: boolean
  /** The Cookie header of the browser's next request, or `undefined` if the browser has no cookie any more. */
  readonly cookie: string | undefined
}

/** The operations of other requests may wait at their gates for longer than usual. */
const STORE_TIMEOUT = { minutes: 10 }

/** An application with the plugin and one route. It handles one request at a time. */
export class Application {
  readonly #fastify: FastifyInstance
  #handler: Handler | undefined

  private constructor(fastify: FastifyInstance) {
    this.#fastify = fastify
    fastify.get('/', async (request) => {
      const session = await request.loadSession()
      return (await this.#handler?.(session)) ?? {}
    })
  }

  static async over(store: SessionStore, options: InterleavingOptions['plugin']): Promise<Application> {
    // A logger that writes next to nothing. If it were off, the first problem would be a warning of the process.
    const fastify = Fastify({ logger: { level: 'fatal', stream: process.stderr } })
    await fastify.register(plugin, { ...options, store, storeTimeout: STORE_TIMEOUT })
    return new Application(fastify)
  }

  /** Sends a request with this Cookie header. The route then runs `handler`. */
  async send(cookie: string | undefined, handler: Handler): Promise<Answer> {
    this.#handler = handler
    const { statusCode, headers } = await this.#fastify.inject({
      url: '/',
      headers: cookie === undefined ? {} : { cookie }
    })
    const line = [headers['set-cookie'] ?? []].flat().at(-1)
    const isCleared = line?.includes('Expires=Thu, 01 Jan 1970') === true
    return {
      status: statusCode,
      setsCookie: line !== undefined,
      cookie: line === undefined ? cookie : isCleared ? undefined : line.split(';', 1)[0]
    }
  }

  close(): Promise<undefined> {
    return this.#fastify.close()
  }
}

/** The value of a Cookie header with one cookie. */
export const cookieValue = (cookie: string | undefined): string => String(cookie).slice(String(cookie).indexOf('=') + 1)
