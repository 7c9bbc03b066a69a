import { Redis } from 'ioredis'
import t from 'tap'
import { MOVE_LUA, REPLACE_LUA } from '../../../lib/stores/redis/commands.ts'
import { startRedis } from '../../support/redis-server.ts'

const server = await startRedis()
const client = new Redis(server.port)
t.teardown(async () => {
  client.disconnect()
  await server.stop()
})

const replace = (...args: string[]) => client.eval(REPLACE_LUA, 1, 'key', ...args)

t.test('the script puts a value with its time in the place of what is expected, and of nothing else', async (t) => {
  t.same(await replace('a', '5000', 'b'), [0, null], 'there is no value')
  await client.set('key', 'a')
  t.same(await replace('x', '5000', 'b'), [0, 'a'], 'the answer has the stored value')
  t.equal(await client.ttl('key'), -1, 'the value is not changed')
  t.same(await replace('a', '5000', 'b'), [1])
  t.equal(await client.get('key'), 'b')
  const left = await client.pttl('key')
  t.ok(left > 0 && left <= 5_000)
  t.same(await replace('b', 'DEL', ''), [1])
  t.equal(await client.exists('key'), 0)
})

t.test('the script creates a value with its time only where there is none', async (t) => {
  t.same(await replace('', 'DEL', '', 'NX'), [1], 'there is nothing, and nothing is stored')
  t.equal(await client.exists('key'), 0)
  t.same(await replace('', '5000', 'a', 'NX'), [1])
  const left = await client.pttl('key')
  t.ok(left > 0 && left <= 5_000)
  for (const px of ['5000', 'DEL']) t.same(await replace('', px, '', 'NX'), [0, 'a'])
  t.equal(await client.get('key'), 'a')
  await client.set('key', '')
  t.same(await replace('', '5000', 'b', 'NX'), [0, ''], 'an empty value is a value')
  await client.del('key')
})

t.test('a value of another type under the key is an error and is not changed', async (t) => {
  await client.rpush('key', 'a list')
  await t.rejects(replace('a', '5000', 'b'), { message: /WRONGTYPE/ })
  t.equal(await client.llen('key'), 1)
})

const move = (...args: string[]) => client.eval(MOVE_LUA, 2, 'key', 'new-key', ...args)

t.test('the script moves a session and leaves a tombstone, each with its own time', async (t) => {
  await client.flushall()
  t.same(await move('a', 'tombstone', '60000', 'b', '5000'), [0, null], 'there is no value')
  t.equal(await client.exists('new-key', 'key'), 0)
  await client.set('key', 'a')
  t.same(await move('x', 'tombstone', '60000', 'b', '5000'), [0, 'a'], 'the answer has the stored value')
  t.equal(await client.exists('new-key'), 0)
  t.equal(await client.ttl('key'), -1, 'the value is not changed')
  t.same(await move('a', 'tombstone', '60000', 'b', '5000'), [1])
  t.same(await client.mget('key', 'new-key'), ['tombstone', 'b'])
  const [old, left] = [await client.pttl('key'), await client.pttl('new-key')]
  t.ok(old > 50_000 && old <= 60_000)
  t.ok(left > 0 && left <= 5_000)
})

t.test('if Redis refuses one of the values, the script changes nothing', async (t) => {
  await client.flushall()
  await client.set('key', 'a')
  await t.rejects(move('a', 'tombstone', '60000', 'b', '0'), { message: /invalid expire/ })
  t.same(await client.mget('key', 'new-key'), ['a', null])
  const [, limit] = (await client.config('GET', 'maxmemory')) as string[]
  await client.config('SET', 'maxmemory', '1')
  try {
    await t.rejects(move('a', 'tombstone', '60000', 'b', '5000'), { message: /OOM/ })
    t.same(await client.mget('key', 'new-key'), ['a', null])
  } finally {
    await client.config('SET', 'maxmemory', limit!)
  }
  await client.del('key')
  await client.rpush('key', 'a list')
  await t.rejects(move('a', 'tombstone', '60000', 'b', '5000'), { message: /WRONGTYPE/ })
  t.equal(await client.exists('new-key'), 0)
})
