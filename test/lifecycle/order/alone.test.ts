import t from 'tap'
import { resolveOptions } from '../../../lib/fastify/options.ts'
import { Lifecycle } from '../../../lib/lifecycle/lifecycle.ts'
import { Alone } from '../../../lib/lifecycle/order/alone.ts'
import { CookieStore } from '../../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { Session } from '../../../types/session.ts'
import type { SessionStore } from '../../../types/store.ts'
import { MapStore } from '../../support/map-store.ts'
import { simulateTime } from '../../support/simulated-time.ts'

const log = { debug() {}, warn() {}, error() {} }

async function sessionIn(store: SessionStore): Promise<Session> {
  const lifecycle = new Lifecycle(resolveOptions({ store }))
  const session = await lifecycle.load(undefined, {} as never, log)
  session.a = 1
  await lifecycle.commit(session, log)
  return session
}

/** The largest number of tasks that run at the same time. */
async function most(alones: Alone[], sessions: Session[]): Promise<number> {
  let running = 0
  let most = 0
  const task = async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
  }
  await Promise.all(sessions.map((session, index) => alones[index % alones.length]!.run(session, task)))
  return most
}

t.test('without replace, changes of one session run one after the other', async (t) => {
  const store = new MapStore()
  const session = await sessionIn(store)
  const other = await sessionIn(store)
  t.equal(await most([new Alone(store)], [session, session, session]), 1)
  t.equal(
    await most([new Alone(store), new Alone(store)], [session, session, session]),
    1,
    'two users of one store take turns as well'
  )
  t.equal(await most([new Alone(store)], [session, other, session]), 2, 'two sessions do not wait for each other')
})

t.test('with replace, or in a store that owns the ids, no change waits', async (t) => {
  for (const store of [new InMemoryStore(), new CookieStore({ secretKey: 's'.repeat(32) })]) {
    const session = await sessionIn(store)
    t.equal(await most([new Alone(store)], [session, session, session]), 3)
  }
})

t.test('a session that is not stored yet does not wait', async (t) => {
  const store = new MapStore()
  const session = await new Lifecycle(resolveOptions({ store })).load(undefined, {} as never, log)
  t.equal(await most([new Alone(store)], [session, session]), 2)
})

t.test('a task that waits for half a minute fails with 503, and a task knows whether it has waited', async (t) => {
  const store = new MapStore()
  const session = await sessionIn(store)
  const time = simulateTime(t)
  const alone = new Alone(store)
  const waits: boolean[] = []
  let end = () => {}
  const first = alone.run(session, (waited) => {
    waits.push(waited)
    return new Promise<void>((resolve) => (end = resolve))
  })
  const second = alone.run(session, async () => t.fail('it must not run beside the first'))
  const refused = t.rejects(async () => second, {
    code: 'FST_SESSION_STORE',
    statusCode: 503,
    cause: { message: /half a minute/ }
  })
  await time.advance(31)
  await refused
  const third = alone.run(session, async (waited) => void waits.push(waited))
  end()
  await Promise.all([first, third])
  t.same(waits, [false, true])
})
