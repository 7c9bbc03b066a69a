import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { Interleaving, TRIPLES } from '../support/interleave.ts'

t.test('three requests keep all promises in every order of their store operations', async (t) => {
  // Without the random part, the pause between two attempts has its shortest length.
  const { random } = Math
  Math.random = () => 0
  t.teardown(() => {
    Math.random = random
  })
  let store = new InMemoryStore()
  const interleaving = await Interleaving.over(
    t,
    () => store,
    async () => {
      store = new InMemoryStore()
    }
  )
  const orders = await interleaving.hold(t, TRIPLES)
  t.ok(orders > 4_000, `${orders} orders`)
})
