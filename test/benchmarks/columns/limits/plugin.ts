import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Effects } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { type Application, fastifyApplication } from '../application.ts'
import type { Bench, Column } from '../column.ts'
import { ofIoredis, ofNodeRedis } from './commands.ts'
import { type HandStore, inCookie, inMemory, inRedis } from './hand-stores.ts'
import { cookieValue, LIMIT, setCookie } from './limit.ts'
import { encrypted, type Seal, signed } from './seals.ts'

/** The session of one request. */
interface Held<Stored> {
  readonly id: string
  /** `null` if there is no stored session. */
  readonly stored: Stored | null
  readonly session: BenchData
  rotated: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    held: Held<unknown> | null
  }
}

const LOADED = { config: { autoloadSession: true } }

const sessionOf = (request: FastifyRequest): BenchData => request.held!.session

/**
 * The smallest plugin with the same structure as ours: two hooks, a store with promises, a comparison, and headers for
 * caches. It checks nothing and merges nothing, and of two parallel writes it loses one.
 */
async function open<Stored>({ newData, rolling }: Bench, store: HandStore<Stored>): Promise<Application> {
  const app = Fastify()
  const { of, textOf, isSame } = store.form
  /** Whether the cookie must be sealed again to prolong the session. */
  const mustRewrite = rolling && store.isInCookie

  async function load(request: FastifyRequest): Promise<void> {
    const id = cookieValue(request)
    const stored = id === '' ? null : await store.read(id, rolling)
    const session: BenchData = JSON.parse(stored === null ? '{}' : textOf(stored))
    request.held = { id, stored, session, rotated: false } satisfies Held<Stored>
  }

  /** @returns the id for the cookie, or `undefined` if the response needs no cookie */
  async function commit({ id, stored, session, rotated }: Held<Stored>, after: Stored): Promise<string | undefined> {
    if (stored !== null && !rotated) {
      const changed = await store.replace(id, stored, after)
      return changed ?? (rolling ? id : undefined)
    }
    if (Object.keys(session).length === 0) return undefined
    const fresh = await store.write(after)
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
  app.addHook('onSend', (request, reply, payload, done) => {
    const held = request.held as Held<Stored> | null
    if (held === null) return done()
    reply.header('vary', 'Cookie')
    const after = of(JSON.stringify(held.session))
    if (!mustRewrite && held.stored !== null && !held.rotated && isSame(after, held.stored)) {
      tell(reply, rolling ? held.id : undefined)
      return done()
    }
    commit(held, after).then((id) => {
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

export const pluginInMemory: Column = {
  ...LIMIT,
  name: 'a plugin by hand, InMemoryStore',
  open: (bench) => open(bench, bench.counted(inMemory()))
}

export const pluginInIoredis: Column = {
  ...LIMIT,
  name: 'a plugin by hand, ioredis',
  needs: 'ioredis',
  open: (bench) => open(bench, bench.counted(inRedis(ofIoredis(bench.ioredis))))
}

export const pluginInNodeRedis: Column = {
  ...LIMIT,
  name: 'a plugin by hand, node-redis',
  needs: 'node-redis',
  open: (bench) => open(bench, bench.counted(inRedis(ofNodeRedis(bench.nodeRedis))))
}

const COOKIE_EFFECTS: Effects = {
  ...LIMIT.effects,
  S2: { reads: 1, changes: 1, setsCookie: true },
  S4: { reads: 1, changes: 1, setsCookie: true }
}

const pluginInCookie = (name: string, seal: Seal): Column => ({
  ...LIMIT,
  name,
  effects: COOKIE_EFFECTS,
  inCookie: true,
  open: (bench) => open(bench, bench.counted(inCookie(seal)))
})

export const pluginInSignedCookie = pluginInCookie('a plugin by hand, signed cookie', signed)
export const pluginInAesGcmCookie = pluginInCookie('a plugin by hand, AES-GCM cookie', encrypted)
