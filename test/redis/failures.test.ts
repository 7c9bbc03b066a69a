import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { testApp } from '../support/app.ts'
import { CLIENTS, FAMILIES } from '../support/redis-clients.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { type Fault, isUnavailable, READ, recovers, type Visits, WRITE } from '../support/store-outage.ts'

interface Subject extends Visits {
  readonly server: RedisServer
  /** A connection whose user keeps all permissions, also when the default user loses them. */
  readonly admin: Redis
}

/** Starts a server, an application with one kind of client, and a session. */
async function setUp(
  t: Test,
  family: string,
  options: StarsessionsOptions = {},
  args: string[] = []
): Promise<Subject> {
  const server = await startRedis({ dataDir: t.testdir(), args })
  const first = new Redis(server.port)
  await first.call('ACL', 'SETUSER', 'admin', 'on', '>secret', '~*', '&*', '+@all')
  first.disconnect()
  const admin = new Redis(server.port, { username: 'admin', password: 'secret' })
  admin.on('error', () => undefined)
  const { client, close } = await CLIENTS[family]!(server.port)
  const { app, send, problems } = await testApp(
    t,
    { store: new RedisStore({ client }), storeTimeout: 3, lifetime: 3600, ...options },
    (app) => {
      app.get('/plain', async (request) => ({ loaded: request.isSessionLoaded }))
    }
  )
  t.teardown(async () => {
    await close()
    admin.disconnect()
    await server.stop()
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  const plain = async () => {
    const { statusCode, headers } = await app.inject({ url: '/plain', headers: { cookie: String(cookie) } })
    return { statusCode, setCookie: headers['set-cookie'], vary: headers.vary }
  }
  return {
    server,
    admin,
    send: (handler) => send(cookie, handler),
    login: () => send(undefined, (session) => void (session.user = 'ada')),
    plain,
    problems: () => JSON.stringify(problems())
  }
}

const FAULTS: Readonly<Record<string, Fault<Subject>>> = {
  'the server is down and refuses connections': {
    begin: ({ server }) => server.stop(),
    end: ({ server }) => server.restart(),
    cause: /Connection is closed|Reached the max retries|ECONNREFUSED|offline|closed unexpectedly|Socket|within 3 s/i
  },
  'the server hangs (SIGSTOP)': {
    begin: async ({ server }) => server.pause(),
    end: async ({ server }) => server.resume(),
    cause: /no answer within 3 s \(option \\"storeTimeout\\"\)/
  },
  'the server is a replica (READONLY)': {
    begin: ({ admin }) => admin.call('REPLICAOF', '127.0.0.1', '1'),
    end: ({ admin }) => admin.call('REPLICAOF', 'NO', 'ONE'),
    cause: /READONLY/,
    reads: true
  },
  'the memory of the server is full (OOM)': {
    begin: ({ admin }) => admin.config('SET', 'maxmemory', '1'),
    end: ({ admin }) => admin.config('SET', 'maxmemory', '0'),
    cause: /OOM/,
    reads: true
  },
  'the user has lost its permissions (NOPERM)': {
    begin: ({ admin }) => admin.call('ACL', 'SETUSER', 'default', '-get', '-set', '-evalsha', '-eval'),
    end: ({ admin }) => admin.call('ACL', 'SETUSER', 'default', '+@all'),
    cause: /NOPERM/
  },
  // A client that cannot connect gives a reason in its own words. The file refused-user.test.ts tests the words of Redis.
  'the server asks for a password and has closed the connections (NOAUTH)': {
    begin: async ({ admin }) => {
      await admin.config('SET', 'requirepass', 'secret')
      await admin.client('KILL', 'USER', 'default')
    },
    end: ({ admin }) => admin.config('SET', 'requirepass', ''),
    cause: /NOAUTH|Authentication required|offline|within 3 s|Connection is closed|Reached the max/i
  }
}

for (const family of FAMILIES) {
  for (const [fault, { begin, end, cause, reads }] of Object.entries(FAULTS)) {
    t.test(`${family}: requests get 503 and lose no data while ${fault}`, async (t) => {
      const subject = await setUp(t, family)
      const { send, login, plain, problems } = subject
      await begin(subject)
      const read = await send(READ)
      if (reads) {
        t.same(read.body, { n: 0 })
        isUnavailable(t, await send(WRITE), 'a request that writes')
      } else {
        isUnavailable(t, read, 'a request that reads')
      }
      isUnavailable(t, await login(), 'a request that begins a session')
      t.same(await plain(), { statusCode: 200, setCookie: undefined, vary: undefined }, 'without a session')
      t.match(problems(), cause)
      await end(subject)
      const data = await recovers(subject)
      t.same(data, { n: 0 }, 'no write was stored in part')
      t.equal((await send(WRITE)).status, 200)
      t.same((await send(READ)).body, { n: 1 })
    })
  }
}

for (const family of FAMILIES) {
  t.test(`${family}: requests get 503 while the server loads its data (LOADING)`, async (t) => {
    // Loading is so slow that it ends only when the test sets the delay to 0.
    const slowly = ['--rdbcompression', 'no', '--key-load-delay', '50000', '--loading-process-events-interval-bytes']
    const subject = await setUp(t, family, {}, [...slowly, '1024'])
    const { server, admin, send, login, plain, problems } = subject
    const filler = Array.from({ length: 400 }, (_, index) => [`filler-${index}`, 'x'.repeat(2_000)]).flat()
    await admin.mset(filler)
    await admin.bgrewriteaof()
    while ((await admin.info('persistence')).includes('aof_rewrite_in_progress:1')) await sleep(20)
    const restarted = server.restart()
    // While the server loads, the user `admin` does not exist, so this connection uses the default user.
    const impatient = new Redis(server.port, { enableReadyCheck: false, retryStrategy: () => 20 })
    impatient.on('error', () => undefined)
    t.teardown(() => impatient.disconnect())
    while (!(await impatient.ping().catch(String)).includes('LOADING')) await sleep(20)
    isUnavailable(t, await send(READ), 'a request that reads')
    isUnavailable(t, await login(), 'a request that begins a session')
    t.same(await plain(), { statusCode: 200, setCookie: undefined, vary: undefined })
    t.match(problems(), /LOADING|loading|offline|within 3 s|Connection is closed|Reached the max/)
    await impatient.config('SET', 'key-load-delay', '0')
    await restarted
    t.same(await recovers(subject), { n: 0 })
    t.equal((await send(WRITE)).status, 200)
  })

  t.test(`${family}: writes work after the server has forgotten its scripts (NOSCRIPT)`, async (t) => {
    const { admin, send } = await setUp(t, family)
    for (const n of [1, 2, 3]) {
      t.equal((await send(WRITE)).status, 200)
      t.same((await send(READ)).body, { n })
      await admin.script('FLUSH')
    }
  })

  t.test(`${family}: a replica cannot read a rolling session, because reading prolongs it`, async (t) => {
    const { admin, send } = await setUp(t, family, { rolling: true })
    await admin.call('REPLICAOF', '127.0.0.1', '1')
    isUnavailable(t, await send(READ), 'a request that reads')
    await admin.call('REPLICAOF', 'NO', 'ONE')
    t.same((await send(READ)).body, { n: 0 })
  })
}
