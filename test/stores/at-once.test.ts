import Fastify from 'fastify'
import t from 'tap'
import { now } from '../../lib/clock.ts'
import starsessions, { AESGCMEncryptor, CookieStore, InMemoryStore, type StarsessionsOptions } from '../../lib/index.ts'
import type { Replaced, SessionStore } from '../../types/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { storeConformance } from '../support/store-conformance.ts'

/** A store may answer at once: no method of this one is asynchronous. */
class SynchronousStore implements SessionStore {
  readonly #entries = new Map<string, { data: Uint8Array; expires: number }>()
  failure: Error | undefined

  read(sessionId: string): Uint8Array | null {
    if (this.failure !== undefined) throw this.failure
    const entry = this.#entries.get(sessionId)
    return entry !== undefined && entry.expires > now() ? entry.data.slice() : null
  }

  write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): string {
    if (this.failure !== undefined) throw this.failure
    const expires = lifetime === 0 ? Number.POSITIVE_INFINITY : now() + ttl
    this.#entries.set(sessionId, { data: Uint8Array.from(data), expires })
    return sessionId
  }

  remove(sessionId: string): boolean {
    const wasThere = this.read(sessionId) !== null
    this.#entries.delete(sessionId)
    return wasThere
  }

  replace(sessionId: string, expected: Uint8Array, data: Uint8Array | null, lifetime: number, ttl: number): Replaced {
    const current = this.read(sessionId)
    if (current === null || Buffer.compare(current, expected) !== 0) return { replaced: false, current }
    if (data === null) this.remove(sessionId)
    else this.write(sessionId, data, lifetime, ttl)
    return { replaced: true }
  }
}

async function application(options: StarsessionsOptions) {
  const app = Fastify()
  /** What the promises of others may do between two steps of a request. */
  const between: string[] = []
  const note = (step: string) => {
    between.push(step)
    queueMicrotask(() => between.push('others'))
  }
  app.addHook('onRequest', (_request, _reply, done) => {
    note('before the plugin')
    done()
  })
  await app.register(starsessions, { cookie: { secure: false }, ...options })
  app.addHook('onSend', (_request, _reply, _payload, done) => {
    between.push('after the plugin')
    done()
  })
  app.get('/visit', { config: { autoloadSession: true } }, (request, reply) => {
    note('handler')
    request.session.visits = (request.session.visits ?? 0) + 1
    reply.send({ visits: request.session.visits })
  })
  app.get('/login', { config: { autoloadSession: true } }, (request, reply) => {
    request.session.regenerate(['visits'])
    note('handler')
    reply.send({})
  })
  return { app, between }
}

t.test('a store that answers at once fits the contract', async (t) => {
  const clock = fakeClock(t)
  const advance = async (seconds: number) => clock.advance(seconds)
  await storeConformance(t, 'SynchronousStore', async () => ({ store: new SynchronousStore(), advance }))
})

const KEY = Buffer.alloc(32, 'k')
const CASES: Record<string, () => StarsessionsOptions> = {
  'a store of somebody else': () => ({ store: new SynchronousStore() }),
  InMemoryStore: () => ({ store: new InMemoryStore() }),
  'InMemoryStore, rolling': () => ({ store: new InMemoryStore(), rolling: true, lifetime: 60 }),
  'InMemoryStore, encrypted': () => ({ store: new InMemoryStore(), encryptor: new AESGCMEncryptor(KEY) }),
  CookieStore: () => ({ store: new CookieStore({ secretKey: 'x'.repeat(32) }) })
}

for (const [name, options] of Object.entries(CASES)) {
  t.test(`a request does not wait where the answer is there: ${name}`, async (t) => {
    const { app, between } = await application(options())
    t.teardown(() => app.close())
    let cookie = ''
    for (const [url, body] of [
      ['/visit', { visits: 1 }],
      ['/visit', { visits: 2 }],
      ['/login', {}],
      ['/visit', { visits: 3 }]
    ] as const) {
      between.length = 0
      const response = await app.inject({ url, headers: { cookie } })
      t.same(response.json(), body)
      cookie = response.cookies.map(({ name, value }) => `${name}=${value}`)[0] ?? cookie
      t.same(between, ['before the plugin', 'handler', 'after the plugin', 'others', 'others'], url)
    }
  })
}

t.test('what it throws is a store that could not tell', async (t) => {
  const store = new SynchronousStore()
  const { app } = await application({ store })
  t.teardown(() => app.close())
  const [set] = (await app.inject('/visit')).cookies
  const headers = { cookie: `${set?.name}=${set?.value}` }
  store.failure = new Error('the disk is full')
  t.match((await app.inject({ url: '/visit', headers })).json(), { code: 'FST_SESSION_STORE', statusCode: 503 })
  t.match((await app.inject('/visit')).json(), { code: 'FST_SESSION_STORE', statusCode: 503 })
  store.failure = undefined
  t.same((await app.inject({ url: '/visit', headers })).json(), { visits: 2 })
})
