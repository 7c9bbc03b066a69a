import Fastify from 'fastify'
import t from 'tap'
import starsessions, { InMemoryStore } from '../../lib/index.ts'
import type { Session } from '../../types/session.ts'
import type { SessionStore } from '../../types/store.ts'

const REQUESTS = 10_000

/** Wraps a store, and counts its calls. */
function counting(store: InMemoryStore): { store: SessionStore; calls: () => number } {
  let calls = 0
  const counted = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        calls++
        return member.apply(target, args)
      }
    }
  })
  return { store: counted, calls: () => calls }
}

/** Sends many requests of one session at once. No request goes on before all have loaded the session. */
async function storm(change: (session: Session) => Promise<unknown> | unknown) {
  const { store, calls } = counting(new InMemoryStore())
  const app = Fastify()
  let arrived = 0
  let allAreThere: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (allAreThere = resolve))
  await app.register(starsessions, { lifetime: { days: 1 }, store })
  app.get('/', async (request) => {
    const session = await request.loadSession()
    session.count ??= 0
    return session.count
  })
  app.get('/change', async (request) => {
    const session = await request.loadSession()
    if (++arrived === REQUESTS) allAreThere()
    await gate
    await change(session)
    return 'ok'
  })
  const { headers } = await app.inject('/')
  const cookie = String(headers['set-cookie']).split(';')[0]!
  const before = calls()
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, () => app.inject({ url: '/change', headers: { cookie } }))
  )
  const during = calls() - before
  const { body } = await app.inject({ url: '/', headers: { cookie } })
  await app.close()
  return { failed: answers.filter(({ statusCode }) => statusCode !== 200).length, count: Number(body), calls: during }
}

t.test('10,000 changes of one session at once cost as many store calls each as one alone', async (t) => {
  let last = 0
  const { failed, calls } = await storm((session) => {
    session.count = ++last
  })
  t.equal(failed, 0)
  t.ok(calls <= 3 * REQUESTS, `${calls} store calls`)
})

t.test('of 10,000 updates of one session at once, none is lost', async (t) => {
  const { failed, count, calls } = await storm((session) =>
    session.update((newest) => {
      newest.count += 1
    })
  )
  t.equal(failed, 0)
  t.equal(count, REQUESTS)
  t.ok(calls <= 4 * REQUESTS, `${calls} store calls`)
})
