import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import Fastify from 'fastify'
import starsessions, {
  AESGCMEncryptor,
  CookieStore,
  type Encryptor,
  FernetEncryptor,
  InMemoryStore,
  RedisStore,
  type StarsessionsOptions
} from 'fastify-starsessions'
import { PostgresStore } from 'fastify-starsessions/postgres'
import { XChaCha20Encryptor } from 'fastify-starsessions/sodium'
import { SqliteStore } from 'fastify-starsessions/sqlite'
import type { Effects } from '../scenarios/scenarios.ts'
import { fastifyApplication } from './application.ts'
import type { Bench, Column } from './column.ts'

const EFFECTS: Effects = {
  S0: { reads: 0, changes: 0, setsCookie: false },
  S1: { reads: 1, changes: 0, setsCookie: false },
  S2: { reads: 1, changes: 1, setsCookie: false },
  S3: { reads: 0, changes: 1, setsCookie: true },
  // The second read checks that the session has not ended meanwhile, because its cookie must not come back then.
  S4: { reads: 2, changes: 0, setsCookie: true },
  S5: { reads: 1, changes: 2, setsCookie: true }
}

const COLUMN = { kind: 'ours', effects: EFFECTS, keepsSessions: true, framework: 'Fastify' } as const

const SECRET = 'a secret of at least thirty-two characters'
const KEY = Buffer.alloc(32, 'a key of thirty-two bytes')
const LOADED = { config: { autoloadSession: true } }

async function open({ rolling, newData }: Bench, options: StarsessionsOptions) {
  const app = Fastify()
  await app.register(starsessions, { lifetime: { days: 1 }, rolling, cookie: { secure: false }, ...options })
  app.get('/S0', (_request, reply) => {
    reply.send('ok')
  })
  for (const scenario of ['S1', 'S4']) {
    app.get(`/${scenario}`, LOADED, (request, reply) => {
      reply.send(String(request.session.visits))
    })
  }
  app.get('/S2', LOADED, (request, reply) => {
    request.session.visits += 1
    reply.send('ok')
  })
  app.get('/S3', LOADED, (request, reply) => {
    Object.assign(request.session, newData())
    reply.send('ok')
  })
  app.get('/S5', LOADED, async (request) => {
    await request.session.regenerateId()
    request.session.visits += 1
    return 'ok'
  })
  return fastifyApplication(app)
}

export const oursInMemory: Column = {
  ...COLUMN,
  name: 'ours, InMemoryStore',
  open: (bench) => open(bench, { store: bench.counted(new InMemoryStore()) })
}

export const oursInIoredis: Column = {
  ...COLUMN,
  name: 'ours, RedisStore over ioredis',
  needs: 'ioredis',
  open: (bench) => open(bench, { store: bench.counted(new RedisStore({ client: bench.ioredis })) })
}

export const oursInNodeRedis: Column = {
  ...COLUMN,
  name: 'ours, RedisStore over node-redis',
  needs: 'node-redis',
  open: (bench) => open(bench, { store: bench.counted(new RedisStore({ client: bench.nodeRedis })) })
}

/** S4 between two prolongations: most requests of a rolling session. */
export const oursRollingNowAndThen: Column = {
  ...COLUMN,
  name: 'ours, RedisStore over node-redis, rolling every 5 minutes',
  effects: { ...EFFECTS, S4: { reads: 1, changes: 0, setsCookie: false } },
  scenarios: ['S4'],
  needs: 'node-redis',
  open: (bench) =>
    open(bench, {
      store: bench.counted(new RedisStore({ client: bench.nodeRedis })),
      rolling: bench.rolling && { every: { minutes: 5 } }
    })
}

export const oursInPostgres: Column = {
  ...COLUMN,
  name: 'ours, PostgresStore over pg',
  needs: 'postgres',
  async open(bench) {
    const store = new PostgresStore({ client: bench.postgres })
    await store.createTable()
    return open(bench, { store: bench.counted(store) })
  }
}

export const oursInSqlite: Column = {
  ...COLUMN,
  name: 'ours, SqliteStore over better-sqlite3',
  open(bench) {
    const folder = mkdtempSync(join(tmpdir(), 'starsessions-bench-'))
    const database = new Database(join(folder, 'sessions.db'))
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return open(bench, { store: bench.counted(new SqliteStore({ database }).createTable()) })
  }
}

const inCookie = (name: string, store: () => CookieStore, encryptor?: Encryptor): Column => ({
  ...COLUMN,
  name,
  effects: {
    ...EFFECTS,
    S2: { ...EFFECTS.S2, setsCookie: true },
    S4: { reads: 1, changes: 1, setsCookie: true }
  },
  inCookie: true,
  open: (bench) => open(bench, { store: bench.counted(store()), ...(encryptor && { encryptor }) })
})

const signed = () => new CookieStore({ secretKey: SECRET })

export const oursInSignedCookie = inCookie('ours, CookieStore, signed', signed)
/** Signed and encrypted: the format of Python's starsessions. */
export const oursInFernetCookie = inCookie('ours, CookieStore, Fernet', signed, new FernetEncryptor(KEY))
export const oursInAesGcmCookie = inCookie(
  'ours, CookieStore, sealed with AES-GCM',
  () => new CookieStore({ encryptor: new AESGCMEncryptor(KEY) })
)
export const oursInSodiumCookie = inCookie(
  'ours, CookieStore, sealed with libsodium',
  () => new CookieStore({ encryptor: new XChaCha20Encryptor(KEY) })
)
