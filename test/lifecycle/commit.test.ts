import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Lifecycle } from '../../lib/lifecycle/lifecycle.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { MapStore } from '../support/map-store.ts'

const log = { debug() {}, warn() {}, error() {} }
const commands = {
  save: async () => undefined,
  destroy: async () => undefined,
  reload: async () => undefined,
  ended: () => new AbortController().signal,
  update: async () => undefined as never
}

/** A stored session, loaded by two requests. */
async function make(options: StarsessionsOptions) {
  const lifecycle = new Lifecycle(resolveOptions(options))
  const first = await lifecycle.load(undefined, commands, log)
  first.a = 1
  await lifecycle.commit(first, log)
  const load = () => lifecycle.load(first.id, commands, log)
  return { load, commit: lifecycle.commit.bind(lifecycle) }
}

t.test('after a commit the session has the changes of others and later changes of its handler', async (t) => {
  const { load, commit } = await make({ store: new InMemoryStore() })
  const [mine, other] = [await load(), await load()]
  other.b = 2
  await commit(other, log)
  mine.c = 3
  const committed = commit(mine, log)
  mine.d = 4
  await committed
  t.same(mine.data(), { a: 1, b: 2, c: 3, d: 4 })
  t.equal(mine.isModified, true)
  await commit(mine, log)
  t.same((await load()).data(), { a: 1, b: 2, c: 3, d: 4 })
})

t.test('without replace, the last commit overwrites the whole session', async (t) => {
  const { load, commit } = await make({ store: new MapStore() })
  const [mine, other] = [await load(), await load()]
  other.b = 2
  await commit(other, log)
  mine.c = 3
  await commit(mine, log)
  t.same((await load()).data(), { a: 1, c: 3 })
})

t.test('a commit of a rolling session issues a cookie, unless the session has ended', async (t) => {
  for (const store of [new InMemoryStore(), new MapStore()]) {
    const { load, commit } = await make({ store, lifetime: 60, rolling: true })
    const session = await load()
    t.match(await commit(session, log), { kind: 'issue', value: session.id, maxAge: 60 })
    await store.remove(String(session.id))
    const kind = store instanceof InMemoryStore ? 'withhold' : 'issue'
    t.match(
      await commit(session, log),
      { kind },
      'without touch, the commit cannot find out that the session has ended'
    )
  }
})
