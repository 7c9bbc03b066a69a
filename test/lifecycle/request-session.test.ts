import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Lifecycle } from '../../lib/lifecycle/lifecycle.ts'
import { InFlight } from '../../lib/lifecycle/order/in-flight.ts'
import type { Outcome } from '../../lib/lifecycle/outcome.ts'
import { RequestSession } from '../../lib/lifecycle/request-session.ts'
import { MapStore } from '../support/map-store.ts'

const warnings: object[] = []
const log = { debug() {}, warn: (details: object) => void warnings.push(details), error() {} }

function make(cookie?: string) {
  const store = new MapStore()
  const saved: Outcome[] = []
  const outlet = {
    canSendCookie: true,
    commitHasBegun: false,
    announce: (outcome: Outcome) => void saved.push(outcome)
  }
  const lifecycle = new Lifecycle(resolveOptions({ store }))
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
