// ES module syntax that TypeScript compiles to CommonJS, as many applications still do.
import assert from 'node:assert/strict'
import fastify from 'fastify'
import starsessions, { InMemoryStore, type Session } from 'fastify-starsessions'
import { sessionCookie } from 'fastify-starsessions/testing'

const visit = (session: Session): number => {
  session.visits = (session.visits ?? 0) + 1
  return session.visits
}

async function main(): Promise<void> {
  const app = fastify()
  await app.register(starsessions, { store: new InMemoryStore() })
  app.get('/', async (request) => ({ visits: visit(await request.loadSession()) }))

  const first = await app.inject('/')
  assert.deepEqual(first.json(), { visits: 1 })
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
  assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
  assert.match(await sessionCookie(app, { visits: 7 }), /^session=/)
  await app.close()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
