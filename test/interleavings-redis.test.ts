import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../lib/stores/redis.ts'
import { Interleaving, PAIRS, TRIPLES } from './support/interleave.ts'
import { startRedis } from './support/redis-server.ts'

const server = await startRedis()
const client = new Redis(server.port)
t.teardown(async () => {
  client.disconnect()
  await server.stop()
})

const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

const store = new RedisStore({ client })
const overRedis = (t: Test) =>
  Interleaving.over(
    t,
    () => store,
    async () => {
      await client.flushall()
    }
  )

t.test('two requests over Redis, in every order of their store operations', async (t) => {
  const interleaving = await overRedis(t)
  for (const pair of PAIRS) {
    const { schedules, violations } = await interleaving.all(pair)
    t.same([...violations], [], `${pair.join(' and ')}: ${schedules} orders`)
  }
})

t.test('three requests over Redis, in every order of their store operations', async (t) => {
  const interleaving = await overRedis(t)
  for (const triple of TRIPLES) {
    const { schedules, violations } = await interleaving.all(triple)
    t.same([...violations], [], `${triple.join(', ')}: ${schedules} orders`)
  }
})
