// The documentation's first example, as it stands; without augmentation, data are any. The consumer check runs it without
// SESSION_SECRET, too.
import Fastify from 'fastify'
import starsessions, { CookieStore } from 'fastify-starsessions'

const app = Fastify()
await app.register(starsessions, {
  store: new CookieStore({ secretKey: process.env.SESSION_SECRET }),
  lifetime: { days: 14 }
})
app.get('/', async (request) => {
  const session = await request.loadSession()
  session.visits = (session.visits ?? 0) + 1
  return { visits: session.visits }
})
app.get('/admin', { config: { autoloadSession: true } }, async (request) => request.session.user)

// That was the example.

import assert from 'node:assert/strict'

const first = await app.inject('/')
assert.deepEqual(first.json(), { visits: 1 })
const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
assert.equal((await app.inject({ url: '/admin', headers: { cookie } })).body, '')
await app.close()
