import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Lifecycle } from '../../lib/lifecycle/lifecycle.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const log = { debug() {}, warn() {}, error() {} }
const commands = {
  save: async () => undefined,
  destroy: async () => undefined,
  reload: async () => undefined,
  ended: () => new AbortController().signal,
  update: async () => undefined as never
}

function make(options: StarsessionsOptions = {}) {
  const store = new MapStore()
  const lifecycle = new Lifecycle(resolveOptions({ store, ...options }))
  return { store, lifecycle, load: (value?: string) => lifecycle.load(value, commands, log) }
}

t.test('a committed session can be loaded again', async (t) => {
  const { lifecycle, load, store } = make()
  const session = await load()
  session.user = 'alice'
  const action = await lifecycle.commit(session, log)
  t.match(action, { kind: 'issue', value: session.id })
  const again = await load(session.id)
  t.same(again.data(), { user: 'alice' })
  t.equal(again.id, session.id)
  t.match(await lifecycle.commit(again, log), { kind: 'none' })
  t.same(store.calls, { read: 1, write: 1, remove: 0 })
})

t.test('the next commit compares with the data of the last commit', async (t) => {
  const { lifecycle, load, store } = make()
  const session = await load()
  for (const n of [1, 1, 2]) {
    session.n = n
    await lifecycle.commit(session, log)
  }
  t.equal(store.calls.write, 2)
})

t.test('data are serialized once to compare them, and once to write them', async (t) => {
  let serialized = 0
  class Counting extends JsonSerializer {
    override serialize(data: object) {
      if ('n' in data) serialized++
      return super.serialize(data)
    }
  }
  const { lifecycle, load } = make({ serializer: new Counting() })
  const session = await load()
  session.n = 1
  await lifecycle.commit(session, log)
  t.equal(serialized, 1)
  await lifecycle.commit(session, log)
  t.equal(serialized, 2)
  session.n = 2
  await lifecycle.commit(session, log)
  t.equal(serialized, 4)
})

t.test('if the encryptor fails, the store counts as unavailable and nothing is written', async (t) => {
  const encryptor = {
    encrypt: async () => {
      throw new Error('key service is down')
    },
    decrypt: () => null
  }
  const { lifecycle, load, store } = make({ encryptor })
  const session = await load()
  session.n = 1
  await t.rejects(async () => lifecycle.commit(session, log), {
    code: 'FST_SESSION_STORE',
    cause: { message: /left out/ }
  })
  t.equal(store.calls.write, 0)
  t.equal(session.isNew, true)
})

t.test('a record that cannot be decrypted leads to a new session', async (t) => {
  const { store } = make()
  await store.write('known', Buffer.from('{"user":"alice"}'), 0, 0)
  const lifecycle = new Lifecycle(
    resolveOptions({ store, encryptor: { encrypt: (data) => data, decrypt: () => null } })
  )
  const reasons: unknown[] = []
  const warn = (details: { reason: string }) => void reasons.push(details.reason)
  const session = await lifecycle.load('known', commands, { ...log, warn } as typeof log)
  t.equal(session.isNew, true)
  t.same(reasons, ['undecryptable'])
})

t.test('a raised lifetime is stored only if the cookie can be sent, unless the session is rolling', async (t) => {
  fakeClock(t)
  const record = '{"user":"alice","__metadata__":{"lifetime":60,"created":1700000000,"last_access":1700000000}}'
  for (const [rolling, writes] of [
    [false, 0],
    [true, 1]
  ] as const) {
    const { store, lifecycle, load } = make({ lifetime: 100, rolling })
    store.entries.set('known', { data: Buffer.from(record), expires: Number.POSITIVE_INFINITY })
    const session = await load('known')
    await lifecycle.commit(session, log, false)
    t.equal(store.calls.write, writes)
    t.match(await lifecycle.commit(session, log), { kind: 'issue', value: 'known', maxAge: 100 })
  }
})
