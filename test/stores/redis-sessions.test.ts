import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisSessions } from '../../lib/stores/redis-sessions.ts'
import type { Listing } from '../../types/users/sessions-by-user.ts'
import { testApp } from '../support/app.ts'
import { startRedis } from '../support/redis-server.ts'

const HOUR = 3_600
const server = await startRedis()
t.teardown(() => server.stop())

async function connect(t: Test) {
  const client = new Redis(server.port)
  const subscriber = client.duplicate()
  t.teardown(() => {
    client.disconnect()
    subscriber.disconnect()
  })
  await client.flushall()
  const sessions = new RedisSessions({ client, subscriber })
  const now = Date.now() / 1000
  const enlist = (handle: string, more: Partial<Listing> = {}) =>
    sessions.enlist('', new Uint8Array(0), HOUR, HOUR, {
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
  const handles = async () => (await sessions.list('ada')).map(({ handle }) => handle).sort()
  return { client, sessions, enlist, handles, now }
}

const ENTERED = { enlisted: true, evicted: [] }

t.test('a session is listed until it is taken out or ended', async (t) => {
  const { client, sessions, enlist, handles, now } = await connect(t)
  t.equal(await sessions.isListed('ada', 'one'), false)
  for (const handle of ['one', 'two', 'three']) t.same(await enlist(handle, { label: Buffer.from(handle) }), ENTERED)
  t.same(await handles(), ['one', 'three', 'two'])
  const [listed] = await sessions.list('ada')
  t.same([listed?.ttl, Buffer.from(listed?.label ?? '').toString()], [undefined, listed?.handle])
  t.same([await sessions.isListed('ada', 'one'), await sessions.isListed('bob', 'one')], [true, false])
  await sessions.delist('', 'ada', 'one')
  t.equal(await sessions.isListed('ada', 'one'), false)
  t.same(await sessions.end('ada', { except: 'two', at: now }), ['three'])
  t.same(await handles(), ['two'])
  t.same(await sessions.end('ada', { only: 'two', at: now }), ['two'])
  t.same(await sessions.end('ada', { only: 'two', at: now }), [])
  t.same(await handles(), [])
  t.same(await client.keys('*'), ['starsessions.user:ada'])
})

t.test('another id of a session, and a login after the end of all, follow the list', async (t) => {
  const { sessions, enlist, now } = await connect(t)
  await enlist('one')
  t.same(await enlist('one', { isListed: true }), ENTERED)
  await sessions.end('ada', { at: now + 1 })
  const ended = { enlisted: false, reason: 'ended' }
  t.same(await enlist('one', { isListed: true }), ended)
  t.same(await enlist('two'), ended)
  t.same(await enlist('two', { authenticatedAt: now + 1 }), ENTERED)
})

t.test('the limit ends the oldest, or refuses', async (t) => {
  const { sessions, enlist, handles, now } = await connect(t)
  await enlist('two', { authenticatedAt: now - 1 })
  await enlist('one', { authenticatedAt: now - 2 })
  t.same(await enlist('three', { max: 2 }), { enlisted: true, evicted: ['one'] })
  t.equal(await sessions.isListed('ada', 'one'), false)
  t.same(await enlist('four', { max: 2, whenFull: 'refuse' }), { enlisted: false, reason: 'full' })
  t.same(await handles(), ['three', 'two'])
})

t.test('an entry ends by its time', async (t) => {
  const { sessions, enlist, handles, now } = await connect(t)
  await enlist('one', { endsAt: now + 0.2 })
  await enlist('two')
  await new Promise((resolve) => setTimeout(resolve, 400))
  t.equal(await sessions.isListed('ada', 'one'), false)
  t.same(await handles(), ['two'])
})

t.test('with a subscriber, endings are told', async (t) => {
  const { client, sessions, enlist, now } = await connect(t)
  const seen: unknown[] = []
  sessions.watch?.((...call) => void seen.push(call))
  while (Number(((await client.pubsub('NUMSUB', 'starsessions.ended')) as unknown[])[1]) === 0);
  for (const handle of ['one', 'two']) await enlist(handle)
  await sessions.delist('', 'ada', 'one')
  await sessions.end('ada', { at: now })
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  t.same(seen, [
    [['one'], 'logout'],
    [['two'], 'ended']
  ])
  t.equal(new RedisSessions({ client }).watch, undefined)
})

t.test('wrong options are refused', async (t) => {
  const client = new Redis(server.port, { lazyConnect: true })
  const refused = (message: RegExp) => ({ code: 'FST_SESSION_OPTIONS', message })
  t.throws(() => new RedisSessions({ client, gcTtl: 1 } as never), refused(/RedisSessions: unknown option "gcTtl"/))
  t.throws(() => new RedisSessions({} as never), refused(/client/))
  t.throws(
    () => new RedisSessions({ client, prefix: () => 'x' }),
    refused(/RedisSessions: prefix\(key\) returns the same/)
  )
  t.throws(() => new RedisSessions({ client, prefix: 1 } as never), refused(/RedisSessions: prefix must be/))
  t.throws(() => new RedisSessions({ client, subscriber: client }), refused(/RedisSessions: subscriber is the client/))
})

t.test('a closed client is named', async (t) => {
  const client = new Redis(server.port)
  const sessions = new RedisSessions({ client })
  client.disconnect()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await t.rejects(async () => sessions.isListed('ada', 'one'), { message: /has ended/ })
})

t.test('if Redis hangs, a cookie session of a user is answered with 503 after storeTimeout', async (t) => {
  const { sessions } = await connect(t)
  const store = new CookieStore({ secretKey: 'a secret of at least thirty-two bytes', byUser: sessions })
  const { app, send } = await testApp(t, { store, storeTimeout: 1 })
  const login = await send(undefined, (session) => session.bindTo('ada'))
  const anonymous = await send(undefined, (session) => void (session.n = 1))
  server.pause()
  try {
    const refused = await send(login.cookie, (session) => session.userId)
    t.same([refused.status, refused.headers['set-cookie']], [503, undefined])
    t.match(refused.headers['retry-after'], /^\d+$/)
    await t.rejects(app.sessionsOf('ada').endAll(), { code: 'FST_SESSION_STORE' })
    t.same((await send(anonymous.cookie, (session) => session.n)).body, 1)
  } finally {
    server.resume()
  }
})
