// TypeScript as a CommonJS module, compiled with `module: nodenext` or `node20`, which allow require() of an ES module.
import assert = require('node:assert/strict')
import fastify = require('fastify')
import starsessions = require('fastify-starsessions')

import type { Session, SessionStore, StarsessionsOptions } from 'fastify-starsessions'
import { InMemoryStore } from 'fastify-starsessions'
import { sessionCookie } from 'fastify-starsessions/testing'

declare module 'fastify-starsessions' {
  interface SessionData {
    user?: string
  }
}

const named: InMemoryStore = new InMemoryStore()
const store: SessionStore = new starsessions.InMemoryStore()
assert.ok(store instanceof InMemoryStore && named instanceof starsessions.InMemoryStore)
const options: StarsessionsOptions = { store, lifetime: 60 }
const nameOf = (session: Session): string | undefined => session.user

async function main(): Promise<void> {
  const app = fastify()
  await app.register(starsessions, options)
  app.get('/', { config: { autoloadSession: true } }, async ({ session }) => {
    const before = nameOf(session)
    session.user = 'ada'
    // @ts-expect-error no such key
    const misspelt = () => session.usr
    return { before, misspelt: typeof misspelt }
  })

  const first = await app.inject('/')
  assert.deepEqual(first.json(), { misspelt: 'function' })
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
  const second = await app.inject({ url: '/', headers: { cookie } })
  assert.deepEqual(second.json(), { before: 'ada', misspelt: 'function' })
  assert.match(await sessionCookie(app, { user: 'ada' }), /^session=/)
  await app.close()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
