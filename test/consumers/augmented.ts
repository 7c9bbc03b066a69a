// TypeScript as an ES module, with a declaration of the application's session data.
import assert from 'node:assert/strict'
import Database from 'better-sqlite3'
import Fastify from 'fastify'
import starsessions, {
  AESGCMEncryptor,
  type Encryptor,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  RedisStore,
  type Serializer,
  type Session,
  type SessionStore,
  SessionUnavailableError,
  type StarsessionsOptions
} from 'fastify-starsessions'
import { PostgresStore } from 'fastify-starsessions/postgres'
import { SqliteStore } from 'fastify-starsessions/sqlite'
import { readSession, sessionCookie } from 'fastify-starsessions/testing'
import { type Cluster, Redis } from 'ioredis'
import pg from 'pg'
import postgres from 'postgres'

declare module 'fastify-starsessions' {
  interface SessionData {
    user?: string
  }
}

const client = new Redis({ lazyConnect: true })
const stores: SessionStore[] = [new InMemoryStore({ gcTtl: 60 }), new RedisStore({ client })]
stores.push(new PostgresStore({ client: new pg.Pool() }), new PostgresStore({ client: postgres() }))
stores.push(new SqliteStore({ database: new Database(':memory:') }))
// This function is compiled but never called, because a cluster client connects at once.
const clustered = (cluster: Cluster): SessionStore => new RedisStore({ client: cluster })
assert.equal(stores.length + clustered.length, 6)

const serializer: Serializer = new JsonSerializer()
const encryptor: Encryptor = new FernetEncryptor([FernetEncryptor.generateKey()])
assert.equal(new SessionUnavailableError({ cause: encryptor }).statusCode, 503)

const options: StarsessionsOptions = {
  lifetime: { minutes: 30 },
  rolling: true,
  serializer,
  encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey())
}
const nameOf = (session: Session): string | undefined => session.user

const app = Fastify()
await app.register(starsessions, options)
app.post('/login', async (request) => {
  const session = await request.loadSession()
  await session.regenerateId()
  session.user = 'ada'
  // @ts-expect-error user is text
  const refused = (): number => (session.user = 1)
  return typeof refused
})
app.get('/', { config: { autoloadSession: true } }, async (request) => {
  const user: string | undefined = request.session.user
  // @ts-expect-error no such key
  const misspelt = () => request.session.usr
  return { user, same: user === nameOf(request.session), misspelt: typeof misspelt }
})

const login = await app.inject({ method: 'POST', url: '/login' })
assert.equal(login.statusCode, 200)
const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
const expected = { user: 'ada', same: true, misspelt: 'function' }
assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), expected)
// @ts-expect-error no such key
await sessionCookie(app, { usr: 'ada' })
const { user } = await readSession(
  app,
  await app.inject({ url: '/', headers: { cookie: await sessionCookie(app, { user: 'ada' }) } })
)
assert.equal(user, 'ada')
await app.close()
