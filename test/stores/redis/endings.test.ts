import { once } from 'node:events'
import t from 'tap'
import { Endings } from '../../../lib/stores/redis/endings.ts'
import type { RedisSubscriber } from '../../../types/clients/redis.ts'

/** A client whose messages the test makes. The tests of the store use real clients. */
function scripted() {
  let deliver: (message: string) => void = () => undefined
  const client = {
    subscriptions: 0,
    failure: undefined as unknown,
    withTypeMapping: () => undefined,
    async subscribe(_channel: string, listener: (message: string) => void) {
      client.subscriptions++
      if (client.failure !== undefined) throw client.failure
      deliver = listener
    }
  }
  const endings = new Endings(client as unknown as RedisSubscriber, () => 'channel')
  return { client, endings, deliver: (message: string) => deliver(message) }
}

t.test('all listeners share one subscription, until each stops', async (t) => {
  const { client, endings, deliver } = scripted()
  const seen: unknown[] = []
  const listener = (...call: unknown[]) => void seen.push(call)
  const stops = [endings.watch(listener), endings.watch(listener)]
  t.equal(client.subscriptions, 1)
  deliver('ended a,b')
  t.same(seen, [
    [['a', 'b'], 'ended'],
    [['a', 'b'], 'ended']
  ])
  stops[0]?.()
  deliver('evicted c')
  t.same(seen.slice(2), [[['c'], 'evicted']])
})

t.test('other messages are ignored', async (t) => {
  const { endings, deliver } = scripted()
  endings.watch(() => t.fail('is not called'))
  for (const message of ['', 'ended', 'ended ', 'unknown a', 'toString a']) deliver(message)
})

t.test(
  'if the client cannot subscribe, a warning says what that means, and the next listener tries again',
  async (t) => {
    const { client, endings } = scripted()
    for (const failure of [new TypeError('secret'), 'secret']) {
      client.failure = failure
      const warned = once(process, 'warning')
      endings.watch(() => undefined)
      const [warning] = await warned
      t.equal(warning.code, 'FST_SESSION_SUBSCRIBER')
      t.match(warning.message, /30 seconds/)
      t.notMatch(warning.message, /secret/)
    }
    client.failure = undefined
    endings.watch(() => undefined)
    t.equal(client.subscriptions, 3)
  }
)
