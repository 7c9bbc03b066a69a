import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisStoreOptions } from '../../types/stores.ts'
import { testApp } from '../support/app.ts'
import { CLIENTS } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const DAY = 86_400
const ID = 'an-id-that-nobody-may-find-in-a-dump-of-it'
const data = Buffer.from([0, 255, 254, 13, 10])
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const server = await startRedis()
t.teardown(() => server.stop())

async function connect(t: Test, options: Omit<RedisStoreOptions, 'client'> = {}) {
  const client = new Redis(server.port)
  t.teardown(() => client.disconnect())
  await client.flushall()
  return { client, store: new RedisStore({ client, ...options }) }
}

/** Whether the key expires after this many seconds. The time that the test has taken is allowed for. */
async function expiresIn(client: Redis, key: string, seconds: number): Promise<boolean> {
  const left = await client.pttl(key)
  return left <= seconds * 1000 && left > seconds * 1000 - 5_000
}

// All suites run at once, because they mostly wait for keys to expire.
t.test('the store keeps the promises of SessionStore with each kind of client', async (t) => {
  const runs = Object.entries(CLIENTS).map(([name, connectClient]) =>
    t.test(name, { buffered: true }, (t) =>
      storeConformance(t, `RedisStore over ${name}`, async () => {
        const { client, close } = await connectClient(server.port)
        return { store: new RedisStore({ client, prefix: `${name}:` }), close: async () => close() }
      })
    )
  )
  t.jobs = runs.length
  await Promise.all(runs)
})

t.test('a dump of keys and values contains no id', async (t) => {
  const { client, store } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  await store.read(ID, HOUR, HOUR)
  await store.touch(ID, HOUR, HOUR)
  const keys = await client.keys('*')
  t.same(keys, [`starsessions.${sha256(ID)}`])
  const values = await Promise.all(keys.map((key) => client.getBuffer(key)))
  t.same(values, [data])
  t.notMatch([...keys, ...values.map(String)].join(), ID)
})

t.test('with hashIds: false and a prefix, the keys are those of starsessions for Python', async (t) => {
  const { client, store } = await connect(t, { hashIds: false, prefix: 'app:' })
  await store.write('0123456789abcdef0123456789abcdef', data, HOUR, HOUR)
  t.same(await client.keys('*'), ['app:0123456789abcdef0123456789abcdef'])
})

t.test('a prefix may be empty', async (t) => {
  const { client, store } = await connect(t, { prefix: '' })
  await store.write(ID, data, HOUR, HOUR)
  t.same(await client.keys('*'), [sha256(ID)])
})

t.test('a prefix function makes the full key from the hash or from the id', async (t) => {
  const hashed = await connect(t, { prefix: (key) => `tenant-7:${key}:session` })
  await hashed.store.write(ID, data, HOUR, HOUR)
  t.same(await hashed.client.keys('*'), [`tenant-7:${sha256(ID)}:session`])
  const plain = await connect(t, { prefix: (key) => `${key}!`, hashIds: false })
  await plain.store.write(ID, data, HOUR, HOUR)
  t.same(await plain.client.keys('*'), [`${ID}!`])
})

t.test('a prefix function is refused if it returns no text, or the same text for all keys', async (t) => {
  const remedy =
    "it must make another text of each key, for example (key) => 'shop:' + key. Otherwise all visitors would share one session"
  const wrong: [unknown, string][] = [
    [() => undefined, 'must return text'],
    [async (key: string) => `shop:${key}`, 'must return text'],
    [() => 'shop:', 'returns the same text for two keys'],
    [(key: string) => `shop:${key.length}`, 'returns the same text for two keys']
  ]
  const client = new Redis({ lazyConnect: true })
  for (const [prefix, fault] of wrong) {
    t.throws(
      () => new RedisStore({ client, prefix: prefix as (key: string) => string }),
      { code: 'FST_SESSION_OPTIONS', message: `RedisStore: prefix(key) ${fault}: ${remedy}` },
      String(prefix)
    )
  }
})

t.test('a prefix function that works only within a request is checked when it is used', async (t) => {
  const tenant = new AsyncLocalStorage<{ keyOf(key: string): string }>()
  const prefix = (key: string) => tenant.getStore()!.keyOf(key)
  const { client, store } = await connect(t, { prefix })
  await tenant.run({ keyOf: (key) => `tenant-7:${key}` }, () => store.write(ID, data, HOUR, HOUR))
  t.same(await client.keys('*'), [`tenant-7:${sha256(ID)}`])
  await t.rejects(
    tenant.run({ keyOf: () => 'tenant-7:' }, async () => {
      await store.read(ID, HOUR)
      await store.read(`${ID}2`, HOUR)
    }),
    { code: 'FST_SESSION_OPTIONS', message: /returns the same text for two keys/ }
  )
  await t.rejects(async () => store.read(ID, HOUR), TypeError)
  t.equal(
    store.sharesRecordsWith(new RedisStore({ client, prefix })),
    true,
    'without an answer of the function, the records count as shared'
  )
})

t.test('a hash tag in the prefix keeps sessions of a cluster in one slot', async (t) => {
  const { client, store } = await connect(t, { prefix: '{sessions}:' })
  await store.write(ID, data, HOUR, HOUR)
  t.same(await client.keys('*'), [`{sessions}:${sha256(ID)}`])
  t.same(await store.read(ID, HOUR), data)
})

t.test('the key expires together with the session', async (t) => {
  const { client, store } = await connect(t)
  const key = `starsessions.${sha256(ID)}`
  await store.write(ID, data, HOUR, 60.5)
  t.ok(await expiresIn(client, key, 60.5))
  await store.read(ID, HOUR)
  t.ok(await expiresIn(client, key, 60.5), 'a plain read does not change the ttl')
  await store.read(ID, HOUR, 120)
  t.ok(await expiresIn(client, key, 120))
  await store.touch(ID, HOUR, 240)
  t.ok(await expiresIn(client, key, 240))
})

t.test('with lifetime 0 the key expires gcTtl after the last read', async (t) => {
  for (const [options, bound] of [[{}, 30 * DAY] as const, [{ gcTtl: 600 }, 600] as const]) {
    const { client, store } = await connect(t, options)
    const key = `starsessions.${sha256(ID)}`
    await store.write(ID, data, 0, 0)
    t.ok(await expiresIn(client, key, bound))
    await client.pexpire(key, 60_000)
    t.same(await store.read(ID, 0), data)
    t.ok(await expiresIn(client, key, bound))
    await client.pexpire(key, 60_000)
    t.equal(await store.touch(ID, 0, 0), true)
    t.ok(await expiresIn(client, key, bound))
  }
})

t.test('with lifetime 0 and a ttl, the key is not kept beyond the ttl, even if it is read', async (t) => {
  const { client, store } = await connect(t, { gcTtl: 600 })
  const key = `starsessions.${sha256(ID)}`
  await store.write(ID, data, 0, 60.5)
  t.ok(await expiresIn(client, key, 60.5))
  t.same(await store.read(ID, 0, 120), data)
  t.ok(await expiresIn(client, key, 120))
  t.same(await store.read(ID, 0, 9_000), data)
  t.ok(await expiresIn(client, key, 600), 'gcTtl is the upper limit')
})

t.test('a fraction of a millisecond is rounded up', async (t) => {
  const sent: unknown[] = []
  const client = {
    getBuffer: async () => null,
    getexBuffer: async (...args: unknown[]) => {
      sent.push(args[2])
      return null
    },
    set: async (...args: unknown[]) => sent.push(args[3]),
    del: async () => 0,
    pexpire: async (...args: unknown[]) => sent.push(args[1]),
    defineCommand: () => undefined,
    status: 'ready',
    starsessionsReplaceBuffer: async (...args: unknown[]) => {
      sent.push(args[2])
      return [1]
    }
  }
  const store = new RedisStore({ client })
  await store.write(ID, data, HOUR, 0.0001)
  await store.read(ID, HOUR, 1.0001)
  await store.touch(ID, HOUR, 2.5)
  await store.replace(ID, data, data, HOUR, 0.0001)
  t.same(sent, [1, 1001, 2500, 1])
})

t.test('a write or a touch with a ttl of 0 removes the session', async (t) => {
  const { client, store } = await connect(t)
  for (const ttl of [0, -1, Number.NaN]) {
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.write(ID, data, HOUR, ttl), ID)
    t.equal(await client.dbsize(), 0)
    await store.write(ID, data, HOUR, HOUR)
    t.equal(await store.touch(ID, HOUR, ttl), false)
    t.equal(await client.dbsize(), 0)
  }
})

t.test('each call takes one command', async (t) => {
  const { client, store } = await connect(t)
  const monitor = await client.monitor()
  t.teardown(() => monitor.disconnect())
  const commands: string[] = []
  const done = new Promise((resolve) => {
    monitor.on('monitor', (_time: string, [command = '']: string[]) => {
      if (command.toLowerCase() === 'ping') resolve(undefined)
      else commands.push(command.toLowerCase())
    })
  })
  await store.write(ID, data, HOUR, HOUR)
  await store.read(ID, HOUR)
  await store.read(ID, HOUR, HOUR)
  await store.read(ID, 0)
  await store.touch(ID, HOUR, HOUR)
  await store.remove(ID)
  await client.ping()
  await done
  t.same(commands, ['set', 'get', 'getex', 'getex', 'pexpire', 'del'])
})

t.test('a client with the option stringNumbers makes no difference', async (t) => {
  const client = new Redis(server.port, { stringNumbers: true })
  t.teardown(() => client.disconnect())
  const store = new RedisStore({ client })
  await store.write(ID, data, HOUR, HOUR)
  t.equal(await store.touch(ID, HOUR, HOUR), true)
  t.equal(await store.remove(ID), true)
  t.equal(await store.remove(ID), false)
  t.equal(await store.touch(ID, HOUR, HOUR), false)
})

t.test('each method throws the error of Redis unchanged', async (t) => {
  const { client, store } = await connect(t)
  await client.lpush(`starsessions.${sha256(ID)}`, 'not a string')
  await t.rejects(async () => store.read(ID, HOUR), { name: 'ReplyError', message: /^WRONGTYPE/ })
  await t.rejects(async () => store.read(ID, 0), { name: 'ReplyError', message: /^WRONGTYPE/ })
  client.disconnect()
  const calls: (() => unknown)[] = [
    () => store.read(ID, HOUR),
    () => store.write(ID, data, HOUR, HOUR),
    () => store.write(ID, data, HOUR, 0),
    () => store.touch(ID, HOUR, HOUR),
    () => store.replace(ID, data, data, HOUR, HOUR),
    () => store.remove(ID)
  ]
  for (const call of calls)
    await t.rejects(async () => call(), { message: /^the Redis client has ended: it was closed before/ })
})

t.test('sessions survive a restart of a server that keeps them on disk', async (t) => {
  const disk = await startRedis({ dataDir: t.testdir() })
  const client = new Redis(disk.port)
  t.teardown(async () => {
    client.disconnect()
    await disk.stop()
  })
  const store = new RedisStore({ client })
  await store.write(ID, data, HOUR, HOUR)
  const { pid } = disk
  await disk.restart()
  t.not(disk.pid, pid)
  t.same(await store.read(ID, HOUR), data)
})

t.test('the store works with a cluster client', async (t) => {
  const node = await startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    dataDir: t.testdir()
  })
  const single = new Redis(node.port)
  await single.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
  while (!(await single.cluster('INFO')).includes('cluster_state:ok'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  const client = new Redis.Cluster([{ host: '127.0.0.1', port: node.port }])
  t.teardown(async () => {
    single.disconnect()
    client.disconnect()
    await node.stop()
  })
  const store = new RedisStore({ client })
  await store.write(ID, data, HOUR, HOUR)
  t.same(await store.read(ID, HOUR, HOUR), data)
  t.equal(await store.touch(ID, HOUR, HOUR), true)
  t.equal(await store.remove(ID), true)
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const { client } = await connect(t)
  const make = (options: object) => () => new RedisStore({ client, ...options })
  t.throws(make({ prefx: 'a' }), { code: 'FST_SESSION_OPTIONS', message: /^RedisStore: .*"prefx".*"prefix"/ })
  t.throws(make({ prefix: 1 }), { message: 'RedisStore: prefix must be text or a function' })
  t.throws(make({ gcTtl: -1 }), { message: 'RedisStore: gcTtl must be a positive integer' })
  t.throws(make({ hashIds: 'no' }), { message: 'RedisStore: hashIds must be true or false' })
  t.throws(() => new RedisStore(undefined as unknown as RedisStoreOptions), { code: 'FST_SESSION_OPTIONS' })
})

t.test('replace works after the server has forgotten its scripts', async (t) => {
  const { client, store } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  const next = Buffer.from('next')
  t.same(await store.replace(ID, data, next, HOUR, HOUR), { replaced: true })
  await client.script('FLUSH')
  t.same(await store.replace(ID, data, next, HOUR, HOUR), { replaced: false, current: next })
  t.same(await store.replace(ID, next, data, HOUR, HOUR), { replaced: true })
})

t.test('if Redis does not know GETEX, as before 6.2, the error names the version that is needed', async (t) => {
  const old = await startRedis({ args: ['--rename-command', 'GETEX', ''] })
  t.teardown(() => old.stop())
  const message = 'Redis does not know the command GETEX: RedisStore needs Redis 6.2 or later, or Valkey'
  for (const [name, connectClient] of Object.entries(CLIENTS)) {
    await t.test(name, async (t) => {
      const { client, close } = await connectClient(old.port)
      t.teardown(close)
      const store = new RedisStore({ client })
      await store.write(ID, data, HOUR, HOUR)
      t.same(await store.read(ID, HOUR), data, 'a read that does not prolong works')
      for (const read of [() => store.read(ID, HOUR, HOUR), () => store.read(ID, 0)]) {
        await t.rejects(async () => read(), { message, cause: { message: /unknown command .GETEX/i } })
      }
      const { log, send } = await testApp(t, { store, lifetime: HOUR, rolling: true })
      t.equal((await send(`session=${'x'.repeat(43)}`, () => undefined)).status, 503)
      t.match(JSON.stringify(log), message, 'the log names it')
    })
  }
})

t.test('another error that names GETEX is thrown on as it is', async (t) => {
  const reply = Object.assign(new Error("NOPERM this user has no permissions to run the 'getex' command"), {
    name: 'ReplyError'
  })
  const { client } = await connect(t)
  t.intercept(client, 'getexBuffer', { value: () => Promise.reject(reply) })
  await t.rejects(async () => new RedisStore({ client }).read(ID, HOUR, HOUR), reply)
})

t.test('move uses the keys of both ids, and a subclass or a store with another method has none', async (t) => {
  const { client, store } = await connect(t)
  await store.write(ID, data, HOUR, HOUR)
  const tombstone = Buffer.from('tombstone')
  t.same(await store.move?.(ID, data, tombstone, 60, 'new', data, HOUR, HOUR), { replaced: true })
  t.same(await client.getBuffer(`starsessions.${sha256(ID)}`), tombstone)
  t.same(await client.getBuffer(`starsessions.${sha256('new')}`), data)
  t.equal(await expiresIn(client, `starsessions.${sha256(ID)}`, 60), true)
  t.equal(await expiresIn(client, `starsessions.${sha256('new')}`, HOUR), true)
  await store.move?.(ID, tombstone, tombstone, 60, 'lasting', data, 0, 0)
  t.equal(await expiresIn(client, `starsessions.${sha256('lasting')}`, 30 * DAY), true)
  class Subclass extends RedisStore {}
  t.equal(new Subclass({ client }).move, undefined)
  const replaced = Object.assign(new RedisStore({ client }), { write: async (id: string) => id })
  t.equal(replaced.move, undefined)
})
