import t from 'tap'
import { newShards, shardOf } from '../../../lib/stores/memory/shards.ts'

t.test('a key always has the same Map, and many keys are spread over all Maps', async (t) => {
  const shards = newShards<number>()
  t.equal(shards.length, 64)
  for (let key = 0; key < 6_400; key++) shardOf(shards, `key-${key}`).set(`key-${key}`, key)
  for (let key = 0; key < 6_400; key++) t.equal(shardOf(shards, `key-${key}`).get(`key-${key}`), key)
  for (const { size } of shards) t.ok(size > 30 && size < 200, `${size} keys`)
})
