import { Redis } from 'ioredis'
import t from 'tap'
import type { RedisClient } from '../../types/clients/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisStage } from '../support/user-stages.ts'
import { ENDING_TRIPLES, USER_PAIRS, type UserAction, UserWalk, walked } from '../support/user-walk.ts'

const server = await startRedis()
const clients: Redis[] = []
const connect = () => {
  const client = new Redis(server.port)
  clients.push(client)
  return client
}
const admin = connect()
t.teardown(async () => {
  for (const client of clients) client.disconnect()
  await server.stop()
})

// Without the random part, a pause between two attempts is as short as it can be.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

t.test('two requests of a user keep all promises in every order of their commands', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  const orders = await walk.hold(t, USER_PAIRS)
  t.comment(`${orders} orders`)
})

t.test('two requests keep all promises, also if one dies after any of its commands', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  // Each action is in some of these pairs.
  const orders = await walk.hold(
    t,
    walked(USER_PAIRS, (index) => index % 4 === 2),
    true
  )
  t.comment(`${orders} orders`)
})

t.test('with a limit of two, never more than two sessions are alive', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect), { perUser: { max: 2 } })
  // The pairs with a login.
  const orders = await walk.hold(t, USER_PAIRS.slice(0, 19))
  t.comment(`${orders} orders`)
})

t.test('three requests keep all promises, one of them endAll()', async (t) => {
  const walk = await UserWalk.over(t, redisStage(admin, connect))
  const orders = await walk.hold(
    t,
    walked(ENDING_TRIPLES, (index) => index % 11 === 0)
  )
  t.comment(`${orders} orders`)
})

type Args = unknown[]
type Changed = (name: string, args: Args, client: Redis) => Promise<unknown> | Args

/** A client that does something else for some commands. */
const changed = (change: Changed) => (): RedisClient => {
  const client = connect() as unknown as Record<string, (...args: Args) => Promise<unknown>>
  return new Proxy(client, {
    get(target, name: string) {
      const value = target[name]
      if (typeof value !== 'function') return value
      return (...args: Args) => {
        const answer = change(name.replace(/^starsessions|Buffer$/g, ''), args, target as unknown as Redis)
        return Array.isArray(answer) ? value.apply(target, answer) : answer
      }
    }
  }) as unknown as RedisClient
}

const replaced = (args: Args, index: number, value: string): Args => args.map((arg, at) => (at === index ? value : arg))

/** The arguments of ENTER after the key: handle, name, ends, at, hasLabel, label, isListed, max, whenFull, isForced. */
const FLAWS: Readonly<Record<string, { change: Changed; in: readonly UserAction[]; max?: number }>> = {
  'a new id is listed although the session was ended': {
    change: (name, args) => (name === 'Enter' ? replaced(replaced(args, 7, '0'), 4, '9999999999999') : args),
    in: ['endAll', 'regenerateId']
  },
  'a login is not compared with the last endAll': {
    change: (name, args) => (name === 'Enter' ? replaced(args, 4, '9999999999999') : args),
    in: ['login', 'endAll']
  },
  'an ended record is deleted, so a late record takes its place': {
    change: (name, args, client) => (name === 'Block' ? client.del(String(args[0])) : args),
    in: ['endAll', 'login']
  },
  'a record is created although its key is blocked': {
    change: (name, args, client) =>
      name === 'Create' ? client.set(String(args[0]), args[1] as Buffer, 'PX', 60_000).then(() => 1) : args,
    in: ['endAll', 'login']
  },
  'ended records are not blocked': {
    change: (name, args) => (name === 'Block' ? Promise.resolve(1) : args),
    in: ['endAll', 'write']
  },
  'sessions are not marked before their records are blocked': {
    change: (name, args) => (name === 'Mark' && args[2] !== 'none' ? replaced(args, 2, 'none') : args),
    in: ['end', 'write']
  },
  'taking one record out drops the whole entry': {
    change: (name, args, client) => (name === 'Settle' ? client.hdel(String(args[0]), String(args[2])) : args),
    in: ['regenerateId', 'log in again']
  },
  'the limit is not checked': {
    change: (name, args) => (name === 'Enter' ? replaced(args, 8, '100') : args),
    in: ['login', 'login'],
    max: 2
  },
  'sessions that make room are not ended before the new one begins': {
    change: (name, args) => (name === 'Block' ? Promise.resolve(0) : args),
    in: ['login', 'login'],
    max: 2
  }
}

for (const [title, { change, in: actions, max = 100 }] of Object.entries(FLAWS)) {
  t.test(`the test notices if ${title}`, async (t) => {
    const walk = await UserWalk.over(t, redisStage(admin, changed(change)), { perUser: { max } })
    const { violations } = await walk.all(actions)
    t.not(violations.size, 0, [...violations].join())
  })
}
