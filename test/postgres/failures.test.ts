import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import type { PostgresClient } from '../../types/stores/postgres.ts'
import { testApp } from '../support/app.ts'
import { pgPool } from '../support/postgres-clients.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { type Fault, isUnavailable, READ, recovers, type Visits, WRITE } from '../support/store-outage.ts'

/** A user without any rights but those on the table, so that a test can take them away. */
const USER = 'application'

interface Subject extends Visits {
  readonly server: PostgresServer
  /** The pool of `pg`, or `undefined` with postgres.js. */
  readonly pool: Pool | undefined
}

interface Client {
  readonly client: PostgresClient
  readonly pool?: Pool
  readonly close: () => Promise<void>
}

const CLIENTS: Readonly<Record<string, (address: PostgresServer['connection']) => Client>> = {
  pg: (address) => {
    const pool = pgPool(address, { max: 4 })
    return { client: pool, pool, close: () => pool.end() }
  },
  'postgres.js': ({ user, ...address }) => {
    const settings = { username: user, max: 4, connect_timeout: 2, backoff: () => 0.05, onnotice: () => undefined }
    const client = postgres({ ...address, ...settings })
    return { client, close: () => client.end({ timeout: 0 }) }
  }
}

/** Starts a server, an application with one kind of client, and a session. */
async function setUp(t: Test, library: string): Promise<Subject> {
  const server = await startPostgres()
  const { client, pool, close } = CLIENTS[library]!({ ...server.connection, user: USER })
  t.teardown(async () => {
    server.resume()
    await close()
    await server.stop()
  })
  await server.sql(`CREATE USER ${USER}; GRANT CREATE ON SCHEMA public TO ${USER}; SET ROLE ${USER}`)
  const store = new PostgresStore({ client })
  await store.createTable()
  const { app, send, problems } = await testApp(t, { store, storeTimeout: 3, lifetime: 3600 }, (app) => {
    app.get('/plain', async (request) => ({ loaded: request.isSessionLoaded }))
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  return {
    server,
    pool,
    send: (handler) => send(cookie, handler),
    login: () => send(undefined, (session) => void (session.user = 'ada')),
    async plain() {
      const { statusCode, headers } = await app.inject({ url: '/plain', headers: { cookie: String(cookie) } })
      return { statusCode, setCookie: headers['set-cookie'], vary: headers.vary }
    },
    problems: () => JSON.stringify(problems())
  }
}

const FAULTS: Readonly<Record<string, Fault<Subject>>> = {
  'the server is down and refuses connections': {
    begin: ({ server }) => server.crash(),
    end: ({ server }) => server.restart(),
    cause: /ECONNREFUSED|terminated|CONNECTION_CLOSED|57P01|within 3 s/
  },
  'the server hangs (SIGSTOP)': {
    begin: ({ server }) => server.pause(),
    end: async ({ server }) => server.resume(),
    cause: /no answer within 3 s \(option \\"storeTimeout\\"\)|Query read timeout|timeout exceeded/
  },
  'the server is read-only (25006)': {
    begin: ({ server }) => readOnly(server, 'on'),
    end: ({ server }) => readOnly(server, 'off'),
    cause: /the server is read-only, as a standby is: the client must connect to the primary/,
    reads: true
  },
  'the table is missing (42P01)': {
    begin: ({ server }) => server.sql('ALTER TABLE starsessions RENAME TO away'),
    end: ({ server }) => server.sql('ALTER TABLE away RENAME TO starsessions'),
    cause: /there is no table \\"starsessions\\": call `await store.createTable\(\)`/
  },
  'the user has lost its rights (42501)': {
    begin: ({ server }) => server.sql(`ALTER TABLE starsessions OWNER TO postgres`),
    end: ({ server }) => server.sql(`ALTER TABLE starsessions OWNER TO ${USER}`),
    cause: /the user of the client needs the rights SELECT, INSERT, UPDATE and DELETE on \\"starsessions\\"/
  },
  'the table is locked by somebody else': {
    begin: ({ server }) => lockTable(server),
    end: ({ server }) => server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK%'`),
    cause: /no answer within 3 s|canceling statement due to statement timeout/
  }
}

/** Connections take the setting over when they begin, so those that exist are ended. */
async function readOnly(server: PostgresServer, value: 'on' | 'off'): Promise<void> {
  await server.sql(`ALTER USER ${USER} SET default_transaction_read_only = ${value}`)
  await endConnections(server)
}

const endConnections = (server: PostgresServer) =>
  server.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${USER}'`)

async function lockTable(server: PostgresServer): Promise<void> {
  server.sql('LOCK TABLE starsessions; SELECT pg_sleep(60)').catch(() => undefined)
  const isLocked = `SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'starsessions'::regclass`
  while ((await server.sql(isLocked)).length === 0) await sleep(20)
}

for (const library of Object.keys(CLIENTS)) {
  for (const [fault, { begin, end, cause, reads }] of Object.entries(FAULTS)) {
    t.test(`${library}: requests get 503 and lose no data while ${fault}`, async (t) => {
      const subject = await setUp(t, library)
      const { send, login, plain, problems } = subject
      await begin(subject)
      const read = await send(READ)
      if (reads) {
        // The first request finds that its connection was ended.
        t.same(read.status === 503 ? await recovers(subject) : read.body, { n: 0 })
        isUnavailable(t, await send(WRITE), 'a request that writes')
      } else {
        isUnavailable(t, read, 'a request that reads')
      }
      isUnavailable(t, await login(), 'a request that begins a session')
      t.same(await plain(), { statusCode: 200, setCookie: undefined, vary: undefined }, 'without a session')
      t.match(problems(), cause)
      await end(subject)
      t.same(await recovers(subject), { n: 0 }, 'no write was stored in part')
      t.equal((await send(WRITE)).status, 200)
      t.same((await send(READ)).body, { n: 1 })
    })
  }

  t.test(`${library}: after the server has ended all connections, requests work again at once`, async (t) => {
    const subject = await setUp(t, library)
    await endConnections(subject.server)
    t.same(await recovers(subject), { n: 0 })
    t.equal((await subject.send(WRITE)).status, 200)
  })
}

t.test(
  'while all connections of the pool are in use, requests get 503, and it ends with the first free one',
  async (t) => {
    const subject = await setUp(t, 'pg')
    const pool = subject.pool!
    const busy = await Promise.all(Array.from({ length: 4 }, () => pool.connect()))
    isUnavailable(t, await subject.send(READ), 'a request that reads')
    isUnavailable(t, await subject.login(), 'a request that begins a session')
    t.match(subject.problems(), /timeout exceeded when trying to connect|within 3 s/)
    for (const client of busy) client.release()
    t.same(await recovers(subject), { n: 0 })
  }
)

t.test('the server has no connection left (53300)', async (t) => {
  const subject = await setUp(t, 'pg')
  await subject.server.sql(`ALTER USER ${USER} CONNECTION LIMIT 0`)
  await endConnections(subject.server)
  await sleep(100)
  isUnavailable(t, await subject.send(READ), 'a request that reads')
  t.match(subject.problems(), /too many connections|terminat/)
  await subject.server.sql(`ALTER USER ${USER} CONNECTION LIMIT -1`)
  t.same(await recovers(subject), { n: 0 })
})
