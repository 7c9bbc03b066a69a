import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import starsessions from '../../lib/index.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'

/** A line of the application's log. */
export interface LogLine {
  level: number
  msg: string
  [key: string]: unknown
}

export interface TestApp {
  readonly app: FastifyInstance
  /** All lines that were logged. */
  readonly log: LogLine[]
  /** Warnings and errors only. */
  problems(): LogLine[]
  /** Sends a request with this Cookie header. The route then runs `handler`. */
  send(cookie: string | undefined, handler: Handler, headers?: Record<string, string>): Promise<Answer>
}

export type Handler = (session: Session, request: FastifyRequest) => unknown

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string | string[] | undefined>
  /** The Set-Cookie lines. */
  readonly lines: string[]
  /** The Cookie header of the browser's next request, or `undefined` if the browser has no cookie any more. */
  readonly cookie: string | undefined
}

/** An application with the plugin and one route. The route loads the session and runs the handler of the test. */
export async function testApp(
  t: { teardown(fn: () => unknown): void },
  options: StarsessionsOptions = {},
  prepare: (app: FastifyInstance) => unknown = () => undefined
): Promise<TestApp> {
  const log: LogLine[] = []
  const app = Fastify({
    logger: { level: 'debug', stream: { write: (line: string) => void log.push(JSON.parse(line)) } }
  })
  t.teardown(() => app.close())
  await prepare(app)
  await app.register(starsessions, options)
  const handlers = new Map<string, Handler>()
  app.get('/', async (request) => {
    const handler = handlers.get(String(request.headers['x-handler'])) as Handler
    return (await handler(await request.loadSession(), request)) ?? { ok: true }
  })
  let calls = 0
  return {
    app,
    log,
    problems: () => log.filter(({ level, msg }) => level >= 40 && !msg.startsWith('a Secure session cookie')),
    async send(cookie, handler, headers = {}) {
      const name = String(++calls)
      handlers.set(name, handler)
      const all = { ...headers, 'x-handler': name, ...(cookie !== undefined && { cookie }) }
      try {
        return answer(await app.inject({ url: '/', headers: all }), cookie)
      } finally {
        handlers.delete(name)
      }
    }
  }
}

type Injected = Awaited<ReturnType<FastifyInstance['inject']>>

/** Reads a response in the same way as a browser with one cookie. */
export function answer(response: Injected, sent?: string): Answer {
  const lines = [response.headers['set-cookie'] ?? []].flat()
  const last = lines.at(-1)
  const pair = last?.split(';', 1)[0]
  const json = String(response.headers['content-type']).includes('json')
  return {
    status: response.statusCode,
    body: json ? response.json() : response.body,
    headers: response.headers as Answer['headers'],
    lines,
    cookie: last === undefined ? sent : last.includes('Expires=Thu, 01 Jan 1970') ? undefined : pair
  }
}

/** The value of a Cookie header with one cookie. */
export const cookieValue = (cookie: string | undefined): string => String(cookie).slice(String(cookie).indexOf('=') + 1)
