// The first example of the documentation, unchanged. It does not declare SessionData, so the data are of type any. The
// consumer check also runs this file without SESSION_SECRET.
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

// The example ends here. The rest checks it.

import assert from 'node:assert/strict'

const first = await app.inject('/')
assert.deepEqual(first.json(), { visits: 1 })
const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
assert.equal((await app.inject({ url: '/admin', headers: { cookie } })).body, '')
await app.close()
