// TypeScript as a CommonJS module, compiled with `module: node16`. There TypeScript refuses to require() an ES module,
// so this file loads the package with import(). A declaration of SessionData needs a file that is an ES module (.mts).
import assert = require('node:assert/strict')
import fastify = require('fastify')

import type { Session, SessionStore } from 'fastify-starsessions' with { 'resolution-mode': 'import' }

const visit = (session: Session): number => {
  session.visits = (session.visits ?? 0) + 1
  return session.visits
}

async function main(): Promise<void> {
  const { default: starsessions, InMemoryStore } = await import('fastify-starsessions')
  const store: SessionStore = new InMemoryStore()
  const app = fastify()
  await app.register(starsessions, { store })
  app.get('/', async (request) => ({ visits: visit(await request.loadSession()) }))

  const first = await app.inject('/')
  assert.deepEqual(first.json(), { visits: 1 })
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
  assert.deepEqual((await app.inject({ url: '/', headers: { cookie } })).json(), { visits: 2 })
  await app.close()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
