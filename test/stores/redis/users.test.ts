import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../../lib/stores/redis.ts'
import type { RedisClient, RedisSubscriber } from '../../../types/clients/redis.ts'
import type { Listing } from '../../../types/users/sessions-by-user.ts'
import { calls } from '../../support/redis-calls.ts'
import { startRedis } from '../../support/redis-server.ts'
import { casesByUser } from '../../support/store-conformance.ts'

const HOUR = 3_600
const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

const pass = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000))

async function clientsOf(t: Test, name: string): Promise<{ client: RedisClient; subscriber: RedisSubscriber }> {
  if (name === 'node-redis') {
    const client = createClient({ socket: { port: server.port, host: '127.0.0.1' } })
    const subscriber = client.duplicate()
    await Promise.all([client.connect(), subscriber.connect()])
    t.teardown(() => {
      client.destroy()
      subscriber.destroy()
    })
    return { client: client as unknown as RedisClient, subscriber: subscriber as unknown as RedisSubscriber }
  }
  const client = name === 'ioredis' ? new Redis(server.port) : new Valkey(server.port)
  const subscriber = client.duplicate()
  t.teardown(() => {
    client.disconnect()
    subscriber.disconnect()
  })
  return { client, subscriber }
}

for (const name of ['ioredis', 'iovalkey', 'node-redis']) {
  t.test(`${name}, with a subscriber: the promises of SessionsByUser`, async (t) => {
    const store = new RedisStore({ ...(await clientsOf(t, name)), prefix: `${name}:` })
    t.ok((await casesByUser(store)).some(({ title }) => title.includes('watch')))
    for (const { title, run } of await casesByUser(store)) await t.test(title, run)
  })
}

const KEY = 'starsessions.user:ada'
const keys = async (pattern: string) => (await admin.keys(pattern)).sort()

async function fresh(t: Test) {
  await admin.flushall()
  const { client } = await clientsOf(t, 'ioredis')
  const store = new RedisStore({ client, hashIds: false })
  const now = Date.now() / 1000
  const listing = (handle: string, more: Partial<Listing> = {}): Listing => ({
    user: 'ada',
    handle,
    authenticatedAt: now,
    endsAt: now + HOUR,
    label: undefined,
    isListed: false,
    max: 100,
    whenFull: 'end-oldest',
    ...more
  })
  const login = (id: string, more: Partial<Listing> = {}) =>
    store.byUser.enlist(id, Buffer.from(id), HOUR, HOUR, listing(`handle-${id}`, more))
  const handles = async () => (await store.byUser.list('ada')).map(({ handle }) => handle).sort()
  /** Changes one word of an entry: state 0, ends 1, authenticatedAt 2, entered 3, names 4. */
  const change = async (id: string, word: number, to: string) => {
    const words = ((await admin.hget(KEY, `handle-${id}`)) ?? '').split(' ')
    words[word] = to
    await admin.hset(KEY, `handle-${id}`, words.join(' '))
  }
  return { store, login, handles, change, now }
}

const LONG_AGO = '1600000000000'

t.test('a user has one key, which lasts as long as the longest session', async (t) => {
  const { login, now } = await fresh(t)
  await login('a', { endsAt: now + 10 })
  t.ok(Math.abs((await admin.pttl(KEY)) - 10_000) < 1_000)
  await login('b', { endsAt: now + 100 })
  await login('c', { endsAt: now + 50 })
  t.ok(Math.abs((await admin.pttl(KEY)) - 100_000) < 1_000)
  t.same(await keys('*'), ['starsessions.a', 'starsessions.b', 'starsessions.c', KEY])
})

t.test('an ended session leaves a marker behind, for a minute', async (t) => {
  const { store, login, now } = await fresh(t)
  await login('a')
  await store.byUser.end('ada', { at: now })
  t.same(await keys('starsessions.a'), ['starsessions.a'])
  for (let read = 0; read < 2; read++) {
    const left = await admin.pttl('starsessions.a')
    t.ok(left > 50_000 && left <= 60_000, `${left} ms`)
    t.equal(await store.read('a', 0), null)
    t.equal(await store.read('a', HOUR, HOUR), null)
  }
  t.same(await admin.hkeys(KEY), ['@'], 'no entry is left')
  const remembered = await admin.pttl(KEY)
  t.ok(remembered > 3_590_000 && remembered <= 3_600_000)
})

t.test('a process that dies between two commands of a login leaves nothing that is listed', async (t) => {
  const { store, login, handles, change } = await fresh(t)
  await login('a')
  await login('b')
  await admin.del('starsessions.a')
  t.same(await handles(), ['handle-b'])
  t.equal(await admin.hexists(KEY, 'handle-a'), 1, 'the record may still come')
  await change('a', 3, LONG_AGO)
  t.same(await handles(), ['handle-b'])
  t.equal(await admin.hexists(KEY, 'handle-a'), 0, 'now it cannot come any more')
  await store.byUser.end('ada', { at: 0 })
})

t.test('a session whose record is gone makes room, before another is ended or a login is refused', async (t) => {
  const { login, handles, change } = await fresh(t)
  await login('a')
  await login('b')
  await login('c')
  await admin.del('starsessions.b')
  await change('b', 3, LONG_AGO)
  t.same(await login('d', { max: 3, whenFull: 'refuse' }), { enlisted: true, evicted: [] })
  await admin.del('starsessions.d')
  await change('d', 3, LONG_AGO)
  t.same(await login('e', { max: 3 }), { enlisted: true, evicted: [] })
  t.same(await handles(), ['handle-a', 'handle-c', 'handle-e'])
})

t.test('an entry that changes while its dead records are found stays', async (t) => {
  const { login, handles, change, store, now } = await fresh(t)
  await login('a')
  await admin.del('starsessions.a')
  await change('a', 3, LONG_AGO)
  const asked = store.byUser.list('ada')
  const entered = store.byUser.enlist('a2', Buffer.from('a2'), HOUR, HOUR, {
    user: 'ada',
    handle: 'handle-a',
    authenticatedAt: now,
    endsAt: now + HOUR,
    label: undefined,
    isListed: true,
    max: 1,
    whenFull: 'refuse'
  })
  await Promise.all([asked, entered])
  t.same(await handles(), ['handle-a'])
})

t.test('sessions that somebody began to end are ended before a new one begins', async (t) => {
  const { store, login, handles, change } = await fresh(t)
  await login('a')
  await login('b')
  await change('a', 0, 'E')
  t.same(await handles(), ['handle-b'])
  t.not(await store.read('a', HOUR), null, 'its process has died before it ended the record')
  t.same(await login('c', { max: 2 }), { enlisted: true, evicted: [] })
  t.equal(await store.read('a', HOUR), null)
  t.not(await store.read('b', HOUR), null)
  while ((await admin.hexists(KEY, 'handle-a')) === 1) await pass(0.01)
})

t.test('what somebody began to end, the next caller ends', async (t) => {
  const { store, login, change, now } = await fresh(t)
  await login('a')
  await login('b')
  await change('a', 0, 'E')
  t.same(await store.byUser.end('ada', { only: 'handle-a', at: now }), ['handle-a'])
  t.equal(await store.read('a', HOUR), null)
  await change('b', 0, 'V')
  t.same(await store.byUser.end('ada', { only: 'nobody', at: now }), [])
  t.equal(await store.read('b', HOUR), null)
  t.equal(await admin.exists(KEY), 0)
})

t.test('a record that comes too late is not created', async (t) => {
  const { store, login, now } = await fresh(t)
  await admin.set('starsessions.a', Buffer.from('\0starsessions.ended\0'))
  t.same(await login('a'), { enlisted: false, reason: 'ended' })
  t.same(await admin.hkeys(KEY), [], 'its entry is gone')
  const { CREATE } = await import('../../../lib/stores/redis/user-scripts.ts')
  const create = (deadline: number) => admin.eval(CREATE.lua, 1, 'key', 'data', '1000', String(deadline))
  t.equal(await create(Date.now() - 100), 0)
  t.equal(await admin.exists('key'), 0)
  t.equal(await create(Date.now() + 1_000), 1)
  t.equal(await create(0), 1, 'an earlier attempt has arrived')
  await store.byUser.end('ada', { at: now })
})

t.test('a session has at most 64 records', async (t) => {
  const { store, login } = await fresh(t)
  await login('a')
  const more = (id: string) => login(id, { handle: 'handle-a', isListed: true })
  for (let index = 1; index < 64; index++) t.equal((await more(`id-${index}`)).enlisted, true)
  t.equal((await more('id-63')).enlisted, true, 'it has this one already')
  t.same(await more('id-64'), { enlisted: false, reason: 'ended' })
  t.equal(await store.read('id-64', HOUR), null)
  await store.byUser.end('ada', { at: 0 })
  for (let index = 1; index < 64; index++) t.equal(await store.read(`id-${index}`, HOUR), null)
})

t.test('a label may have any bytes, or none', async (t) => {
  const { store, login } = await fresh(t)
  const labels = [Buffer.from(''), Buffer.from('\0 a,b\n c'), Buffer.from([255, 254, 32, 10, 13])]
  for (const [index, label] of labels.entries()) {
    await login(`a-${index}`, { label })
    const found = (await store.byUser.list('ada')).find(({ handle }) => handle === `handle-a-${index}`)
    t.same(Buffer.from(found?.label ?? ''), label)
  }
})

t.test('no key and no value has the user or the id of a session', async (t) => {
  await admin.flushall()
  const { client } = await clientsOf(t, 'ioredis')
  const store = new RedisStore({ client })
  const now = Date.now() / 1000
  const listing = { handle: 'handle', authenticatedAt: now, endsAt: now + HOUR, label: undefined, isListed: false }
  const id = 'an-id-that-nobody-may-find'
  await store.byUser.enlist(id, Buffer.from('data'), HOUR, HOUR, { user: 'u', max: 1, whenFull: 'refuse', ...listing })
  const values = await admin.hgetall('starsessions.user:u')
  t.notMatch([...(await keys('*')), ...Object.values(values)].join(), id)
})

t.test('the number of commands: two for a login, one for a logout, three steps to end', async (t) => {
  const { store, login, now } = await fresh(t)
  const sent = async (work: () => unknown) => {
    await admin.config('RESETSTAT')
    await work()
    const { evalsha = 0, eval: whole = 0, get = 0 } = await calls(admin)
    return { scripts: evalsha + whole, get }
  }
  await login('warm-up')
  await store.byUser.list('ada')
  await store.byUser.end('ada', { at: now })
  await store.byUser.delist('a', 'ada', 'h')
  t.equal((await sent(() => login('a'))).scripts, 2)
  t.equal((await sent(() => store.byUser.delist('a', 'ada', 'handle-a'))).scripts, 1)
  await login('b')
  await login('c')
  t.equal((await sent(() => store.byUser.list('ada'))).scripts, 3, 'one, and one for each session')
  t.equal((await sent(() => store.byUser.end('ada', { at: now }))).scripts, 4, 'two, and one for each session')
})

t.test('a user of Redis without the right to publish can end sessions', async (t) => {
  await admin.flushall()
  await admin.call('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', 'resetchannels')
  const client = new Redis(server.port, { username: 'mute', password: 'secret' })
  t.teardown(() => client.disconnect())
  const store = new RedisStore({ client })
  for (const { title, run } of (await casesByUser(store)).slice(0, 12)) await t.test(title, run)
})
