// JavaScript as a CommonJS module. require() returns the plugin, and the named exports are properties of it.
const assert = require('node:assert/strict')
const fastify = require('fastify')
const starsessions = require('fastify-starsessions')
const names = [
  'AESGCMEncryptor',
  'CookieStore',
  'FernetEncryptor',
  'InMemoryStore',
  'JsonSerializer',
  'RedisSessions',
  'RedisStore'
]
const { AESGCMEncryptor, CookieStore } = require('fastify-starsessions')
const { PostgresStore } = require('fastify-starsessions/postgres')
const { XChaCha20Encryptor } = require('fastify-starsessions/sodium')
const { SqliteStore } = require('fastify-starsessions/sqlite')
const { fromExpressStore } = require('fastify-starsessions/express-store')
const { interleavingCases } = require('fastify-starsessions/store-conformance')
const { readSession, sessionCookie } = require('fastify-starsessions/testing')

assert.equal(typeof starsessions, 'function')
for (const name of [...names, 'SessionUnavailableError']) assert.equal(typeof starsessions[name], 'function', name)

assert.throws(() => new SqliteStore({ database: 'file' }), { code: 'FST_SESSION_OPTIONS' })
assert.throws(() => new PostgresStore({ client: 'postgres://' }), { code: 'FST_SESSION_OPTIONS' })

async function main() {
  const imported = await import('fastify-starsessions')
  assert.equal(imported.default, starsessions)
  for (const name of names) assert.equal(imported[name], starsessions[name], name)

  const app = fastify()
  app.register(starsessions, {
    store: new CookieStore({ secretKey: 'a secret of thirty-two bytes, or more' }),
    encryptor: new AESGCMEncryptor(AESGCMEncryptor.generateKey())
  })
  app.get('/', { config: { autoloadSession: true } }, async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return { visits: session.visits }
  })

  const first = await app.inject('/')
  assert.deepEqual(first.json(), { visits: 1 })
  const cookie = String(first.headers['set-cookie']).split(';')[0]
  assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
  assert.deepEqual((await app.inject({ url: '/', headers: { cookie: `${cookie}x` } })).json(), { visits: 1 })
  const ready = await app.inject({ url: '/', headers: { cookie: await sessionCookie(app, { visits: 7 }) } })
  assert.deepEqual(await readSession(app, ready), { visits: 8 })
  await app.close()

  assert.throws(() => fromExpressStore({}), { code: 'FST_SESSION_OPTIONS' })
  const [someCase] = await interleavingCases(async () => ({ store: new starsessions.InMemoryStore() }))
  await someCase.run()
  assert.match(XChaCha20Encryptor.generateKey(), /^[\w-]{43}$/)
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
