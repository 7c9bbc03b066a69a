import { EventEmitter } from 'node:events'
import t from 'tap'
import { assertSubscriber, subscribe } from '../../../lib/stores/redis/subscriber.ts'
import type { RedisSubscriber } from '../../../types/clients/redis.ts'

t.test('a subscriber must be a connection of its own that can subscribe', async (t) => {
  const client = { subscribe: () => undefined }
  const check = (subscriber: unknown) => () => assertSubscriber('RedisStore', subscriber as RedisSubscriber, client)
  t.doesNotThrow(check(undefined))
  t.doesNotThrow(check({ subscribe: () => undefined }))
  const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
  t.throws(check(client), refused(/^RedisStore: subscriber is the client, .*client\.duplicate\(\)/))
  for (const wrong of [null, {}, 'redis://localhost']) t.throws(check(wrong), refused(/subscriber cannot subscribe/))
  t.throws(check({ subscribe: () => undefined, options: { keyPrefix: 'a:' } }), refused(/has a keyPrefix/))
})

t.test('only messages of the channel count', async (t) => {
  const emitter = Object.assign(new EventEmitter(), { defineCommand: () => undefined, subscribe: async () => 1 })
  const seen: string[] = []
  await subscribe(emitter as unknown as RedisSubscriber, 'ours', (message) => void seen.push(message))
  emitter.emit('message', 'other', 'a')
  emitter.emit('message', 'ours', 'b')
  t.same(seen, ['b'])
})
