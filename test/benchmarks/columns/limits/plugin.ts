import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { InMemoryStore } from 'fastify-starsessions'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column } from '../column.ts'
import { cookieValue, DAY, LIMIT, newId, setCookie } from './limit.ts'

const LIFETIME_SECONDS = DAY / 1000

/** The session of one request. */
interface Held {
  readonly id: string
  /** `null` if there is no stored session. */
  readonly stored: Uint8Array | null
  readonly session: BenchData
  rotated: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    held: Held | null
  }
}

const decoder = new TextDecoder()

const LOADED = { config: { autoloadSession: true } }

const sessionOf = (request: FastifyRequest): BenchData => request.held!.session

/**
 * The smallest plugin with the same structure as ours: two hooks, a store with promises, a comparison, and headers for
 * caches. It checks nothing and merges nothing, and of two parallel writes it loses one.
 */
export const limitInPlugin: Column = {
  ...LIMIT,
  name: 'a plugin by hand, InMemoryStore',
  async open({ counted, newData, rolling }) {
    const app = Fastify()
    const store = counted(new InMemoryStore())

    async function load(request: FastifyRequest): Promise<void> {
      const id = cookieValue(request)
      const stored = id === '' ? null : await store.read(id, LIFETIME_SECONDS, rolling ? LIFETIME_SECONDS : 0)
      const session: BenchData = JSON.parse(stored === null ? '{}' : decoder.decode(stored))
      request.held = { id, stored, session, rotated: false }
    }

    /** @returns the id for the cookie, or `undefined` if the response needs no cookie */
    async function commit({ id, stored, session, rotated }: Held, bytes: Buffer): Promise<string | undefined> {
      if (stored !== null && !rotated) {
        await store.replace(id, stored, bytes, LIFETIME_SECONDS, LIFETIME_SECONDS)
        return rolling ? id : undefined
      }
      if (Object.keys(session).length === 0) return undefined
      const fresh = await store.write(newId(), bytes, LIFETIME_SECONDS, LIFETIME_SECONDS)
      if (rotated) await store.remove(id)
      return fresh
    }

    function tell(reply: FastifyReply, id: string | undefined): void {
      if (id === undefined) return
      setCookie(reply, id)
      reply.header('cache-control', 'no-store')
    }

    app.decorateRequest('held', null)
    app.addHook('onRequest', (request, _reply, done): unknown =>
      request.routeOptions.config.autoloadSession ? load(request) : done()
    )
    app.addHook('onSend', ({ held }, reply, payload, done) => {
      if (held === null) return done()
      reply.header('vary', 'Cookie')
      const bytes = Buffer.from(JSON.stringify(held.session))
      const isSame = held.stored !== null && !held.rotated && Buffer.compare(bytes, held.stored) === 0
      if (isSame) {
        tell(reply, rolling ? held.id : undefined)
        return done()
      }
      commit(held, bytes).then((id) => {
        tell(reply, id)
        done(null, payload)
      }, done)
    })

    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    for (const scenario of ['S1', 'S4']) {
      app.get(`/${scenario}`, LOADED, (request, reply) => {
        reply.send(String(sessionOf(request).visits))
      })
    }
    app.get('/S2', LOADED, (request, reply) => {
      sessionOf(request).visits += 1
      reply.send('ok')
    })
    app.get('/S3', LOADED, (request, reply) => {
      Object.assign(sessionOf(request), newData())
      reply.send('ok')
    })
    app.get('/S5', LOADED, (request, reply) => {
      request.held!.rotated = true
      sessionOf(request).visits += 1
      reply.send('ok')
    })
    return fastifyApplication(app)
  }
}
