import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Records } from '../../lib/record/records.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'

const now = Date.now() / 1000
const bound = { id: 'ada', handle: 'handle', at: now, until: now + 60 }
const draft = { data: { a: 'x'.repeat(100) }, metadata: { lifetime: 0, created: now, last_access: now, user: bound } }
const entering = { bound, isListed: false, label: undefined }

t.test('a record is stored with its entry, and lives no longer than the session', async (t) => {
  const store = new InMemoryStore()
  const { listWriter, users } = new Records(resolveOptions({ store }))
  const { answer, stored } = await listWriter.write('id', draft, entering)
  t.same(answer, { enlisted: true, evicted: [] })
  t.same(await store.read('id', 60), stored.bytes)
  const [entry] = await users.list('ada')
  t.ok(Number(entry?.ttl) > 58 && Number(entry?.ttl) <= 60)
})

t.test('a session whose time is over is not stored', async (t) => {
  const store = new InMemoryStore()
  const { listWriter } = new Records(resolveOptions({ store }))
  const user = { ...bound, until: now - 1 }
  const over = { ...draft, metadata: { ...draft.metadata, user } }
  await t.rejects(async () => listWriter.write('id', over, { ...entering, bound: user }), { code: 'FST_SESSION_GONE' })
  await t.rejects(async () => listWriter.enter(over, { ...entering, bound: user }), { code: 'FST_SESSION_GONE' })
  t.equal(store.size, 0)
})

t.test('a session that is too large for the store names its largest keys', async (t) => {
  const { listWriter } = new Records(resolveOptions({ store: new InMemoryStore({ maxBytes: 50 }) }))
  const tooLarge = { code: 'FST_SESSION_TOO_LARGE', message: /largest keys are "a"/ }
  await t.rejects(async () => listWriter.write('id', draft, entering), tooLarge)
})
