import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Lifecycle } from '../../lib/lifecycle/lifecycle.ts'
import { InFlight } from '../../lib/lifecycle/order/in-flight.ts'
import type { Outcome } from '../../lib/lifecycle/outcome.ts'
import { RequestSession } from '../../lib/lifecycle/request-session.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import { MapStore } from '../support/map-store.ts'

const warnings: object[] = []
const log = { debug() {}, warn: (details: object) => void warnings.push(details), error() {} }

function make(cookie?: string, inner?: SessionStore) {
  const store = new MapStore()
  const saved: Outcome[] = []
  const outlet = {
    canSendCookie: true,
    commitHasBegun: false,
    announce: (outcome: Outcome) => void saved.push(outcome)
  }
  const lifecycle = new Lifecycle(resolveOptions({ store: inner ?? store }))
  const inFlight = new InFlight()
  const held = new RequestSession(lifecycle, cookie, log, inFlight, outlet)
  return { store, held, saved, outlet, inFlight }
}

t.test('load() returns the same promise until it fails', async (t) => {
  const { store, held } = make('abc')
  const { read } = MapStore.prototype
  store.read = async () => {
    throw new Error('down')
  }
  const first = held.load()
  t.equal(held.load(), first)
  await t.rejects(first, { code: 'FST_SESSION_STORE' })
  t.equal(held.session, null)
  store.read = read
  t.equal(await held.load(), held.session)
})

t.test('a commit sets the outcome for the cookie, and a later commit without changes keeps it', async (t) => {
  const { held } = make()
  const session = await held.load()
  t.equal(held.outcome.kind, 'none')
  session.a = 1
  await held.finish()
  t.match(held.outcome, { kind: 'issue', value: session.id, maxAge: undefined })
  await held.finish()
  t.equal(held.outcome.kind, 'issue')
  session.clear()
  await held.finish()
  t.equal(held.outcome.kind, 'clear')
})

t.test('save() and destroy() announce the cookie, but reload() and calls without changes do not', async (t) => {
  const { held, saved } = make()
  const session = await held.load()
  await session.save()
  await session.destroy()
  await session.reload()
  t.same(saved, [])
  session.a = 1
  await session.save()
  await session.destroy()
  t.same(
    saved.map(({ kind }) => kind),
    ['issue', 'clear']
  )
})

t.test('operations of one request take turns, and a failed one does not stop the others', async (t) => {
  const { held, store } = make()
  const session = await held.load()
  const order: string[] = []
  const { write } = MapStore.prototype
  store.write = async (...args) => {
    order.push('begin')
    await new Promise((resolve) => setImmediate(resolve))
    order.push('end')
    if (order.length === 2) throw new Error('down')
    return write.apply(store, args)
  }
  session.a = 1
  const failing = session.save()
  session.a = 2
  await Promise.all([t.rejects(failing, { code: 'FST_SESSION_STORE' }), session.save()])
  t.same(order, ['begin', 'end', 'begin', 'end'])
})

t.test('after the headers were sent, a change that needs a cookie is refused', async (t) => {
  const { held, saved, outlet, store } = make()
  const session = await held.load()
  outlet.canSendCookie = false
  session.a = 1
  await t.rejects(session.save(), { code: 'FST_SESSION_HEADERS_SENT' })
  await t.rejects(
    session.update(() => undefined),
    { code: 'FST_SESSION_HEADERS_SENT' }
  )
  t.same([saved.length, store.calls.write], [0, 0])
  t.equal(await held.hasUnsavedChanges(), true)
  outlet.canSendCookie = true
  await session.save()
  t.equal(await held.hasUnsavedChanges(), false)
  outlet.canSendCookie = false
  session.a = 2
  await session.save()
  t.equal(saved.length, 1)
})

t.test('an operation that changes the store is in flight until it has ended', async (t) => {
  const { held, inFlight, store } = make()
  const session = await held.load()
  session.a = 1
  void session.save()
  await inFlight.ended(60)
  t.equal(store.calls.write, 1)
})

t.test('after the session has ended, the cookie of an earlier save() is not sent', async (t) => {
  const { held, store } = make()
  const session = await held.load()
  session.a = 1
  await session.save()
  t.equal(held.outcome.kind, 'issue')
  await store.remove(String(session.id))
  await t.rejects(
    session.update(() => undefined),
    { code: 'FST_SESSION_GONE' }
  )
  t.equal(held.outcome.kind, 'none')
})

t.test('after any other failure the cookie of an earlier save() is sent', async (t) => {
  const { held, store } = make()
  const session = await held.load()
  session.a = 1
  await session.save()
  store.read = async () => {
    throw new Error('down')
  }
  await t.rejects(
    session.update(() => undefined),
    { code: 'FST_SESSION_STORE' }
  )
  t.match(held.outcome, { kind: 'issue', value: session.id })
})

t.test('loadNow() has the session at once if the store answers at once', async (t) => {
  const { held } = make('abc', new InMemoryStore())
  const session = held.loadNow()
  t.notOk(session instanceof Promise)
  t.equal(held.session, session)
  t.equal(held.loadNow(), session)
  const loaded = held.load()
  t.equal(await loaded, session)
  t.equal(held.load(), loaded)
})

t.test('loadNow() and load() share one read of a store that answers with promises', async (t) => {
  const { held, store } = make('abc')
  const now = held.loadNow()
  t.type(now, Promise)
  t.equal(held.loadNow(), now)
  const [one, other, third] = await Promise.all([now, held.load(), held.load()])
  t.equal(one, other)
  t.equal(one, third)
  t.equal(store.calls.read, 1)
})

t.test('a store that throws at once fails a load as a rejection does, and the next load tries again', async (t) => {
  const memory = new InMemoryStore()
  const { held } = make('abc', memory)
  memory.read = () => {
    throw new Error('down')
  }
  t.throws(() => held.loadNow(), { code: 'FST_SESSION_STORE' })
  t.match(held.unavailable, { code: 'FST_SESSION_STORE' })
  await t.rejects(held.load(), { code: 'FST_SESSION_STORE' })
  Reflect.deleteProperty(memory, 'read')
  const session = await held.load()
  t.equal(held.session, session)
  t.equal(held.unavailable, null)
})

t.test('if nobody waits for a load that fails, the process goes on', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))
  for (const memory of [new InMemoryStore(), new MapStore()]) {
    const { held } = make('abc', memory)
    Object.assign(memory, {
      read: () => {
        if (memory instanceof MapStore) return Promise.reject(new Error('down'))
        throw new Error('down')
      }
    })
    held.load()
  }
  await new Promise((resolve) => setTimeout(resolve, 10))
  t.same(unhandled, [])
})

t.test('finish() has its outcome at once if the store answers at once', async (t) => {
  const { held } = make(undefined, new InMemoryStore())
  const session = await held.load()
  t.equal(held.finish(), undefined, 'there is nothing to commit')
  session.a = 1
  t.match(held.finish(), { kind: 'issue', value: session.id })
  session.a = 2
  t.same(held.finish(), { kind: 'none' })
  session.clear()
  t.same(held.finish(), { kind: 'clear' })
})
