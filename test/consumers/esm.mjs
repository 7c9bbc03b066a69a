// JavaScript as an ES module.
import assert from 'node:assert/strict'
import Fastify from 'fastify'
import starsessions, * as namespace from 'fastify-starsessions'
import { fromExpressStore } from 'fastify-starsessions/express-store'
import { PostgresStore } from 'fastify-starsessions/postgres'
import { XChaCha20Encryptor } from 'fastify-starsessions/sodium'
import { SqliteStore } from 'fastify-starsessions/sqlite'
import { storeCases } from 'fastify-starsessions/store-conformance'
import { readSession, sessionCookie } from 'fastify-starsessions/testing'

const { InMemoryStore } = namespace
assert.equal(starsessions.InMemoryStore, InMemoryStore)

assert.throws(() => new SqliteStore({ database: 'file' }), { code: 'FST_SESSION_OPTIONS' })
assert.throws(() => new PostgresStore({ client: 'postgres://' }), { code: 'FST_SESSION_OPTIONS' })

const app = Fastify()
await app.register(starsessions, { store: new InMemoryStore(), lifetime: { hours: 1 } })
app.get('/', async (request) => {
  const session = await request.loadSession()
  session.visits = (session.visits ?? 0) + 1
  return { visits: session.visits }
})

const first = await app.inject('/')
assert.deepEqual(first.json(), { visits: 1 })
const cookie = String(first.headers['set-cookie']).split(';')[0]
assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
assert.deepEqual((await app.inject('/')).json(), { visits: 1 })
const ready = await app.inject({ url: '/', headers: { cookie: await sessionCookie(app, { visits: 7 }) } })
assert.deepEqual(await readSession(app, ready), { visits: 8 })
await app.close()

for (const { run } of await storeCases(async () => ({ store: new InMemoryStore() }))) await run()
assert.throws(() => new XChaCha20Encryptor(XChaCha20Encryptor.generateKey()), /Run `npm install sodium-native`/)

const sessions = new Map()
const expressStore = {
  get: (sid, callback) => callback(null, sessions.get(sid)),
  set: (sid, session, callback) => callback(sessions.set(sid, session) && null),
  destroy: (sid, callback) => callback(sessions.delete(sid) && null)
}
const wrapped = fromExpressStore(expressStore)
await wrapped.write('id', Buffer.from('bytes'), 60, 60)
assert.deepEqual(await wrapped.read('id', 60), Buffer.from('bytes'))
