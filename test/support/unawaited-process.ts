import Fastify from 'fastify'
import starsessions, { CookieStore } from '../../lib/index.ts'
import type { Session } from '../../types/session.ts'
import { MapStore } from './map-store.ts'

// This file is a program. It calls each session method without awaiting it, over a store that fails, and prints the answers.

const lines: unknown[] = []
const stream = { write: (line: string) => void (JSON.parse(line).level >= 40 && lines.push(JSON.parse(line))) }

const MEMBERS: Record<string, (session: Session) => unknown> = {
  save: (session) => void session.save(),
  destroy: (session) => void session.destroy(),
  reload: (session) => void session.reload(),
  update: (session) => void session.update((newest) => void newest.n++),
  'update with an asynchronous function': (session) => void session.update(async (newest) => void newest.n++),
  'update with a function that throws': (session) =>
    void session.update(() => {
      throw Object.assign(new Error('secret'), { statusCode: 418 })
    }),
  'save inside update': (session) => void session.update((newest) => void newest.save()),
  regenerateId: (session) => void session.regenerateId(),
  regenerate: (session) => void session.regenerate(['n'])
}

/** The moments at which a handler calls the method. */
const PLACES: Record<string, (call: () => unknown, done: () => void) => unknown> = {
  'in the handler': (call) => call(),
  'after a pause': async (call) => {
    await new Promise((resolve) => setImmediate(resolve))
    call()
  },
  'when the response has gone': (call, done) =>
    void setTimeout(() => {
      call()
      done()
    }, 20)
}

async function ask(member: string, place: string) {
  const store = new MapStore()
  const app = Fastify({ logger: { stream } })
  await app.register(starsessions, { store })
  const late = new Promise<void>((resolve) => {
    app.get('/', async (request) => {
      const session = await request.loadSession()
      session.n = 1
      return 'ok'
    })
    app.get('/try', async (request) => {
      const session = await request.loadSession()
      session.n = 2
      for (const method of ['read', 'write', 'remove'] as const) {
        store[method] = async () => {
          throw new Error('down')
        }
      }
      await PLACES[place]!(() => MEMBERS[member]!(session), resolve)
      return { ok: true }
    })
    app.get('/unawaited-load', async (request) => {
      store.read = async () => {
        throw new Error('down')
      }
      void request.loadSession()
      await new Promise((done) => setImmediate(done))
      return { ok: true }
    })
  })
  const first = await app.inject('/')
  const cookie = String(first.headers['set-cookie']).split(';')[0]!
  const url = member === 'loadSession' ? '/unawaited-load' : '/try'
  const { statusCode, body, headers } = await app.inject({ url, headers: { cookie } })
  if (place === 'when the response has gone') await late
  await new Promise((resolve) => setTimeout(resolve, 10))
  const messages = lines.splice(0).map((line) => (line as { msg: string }).msg)
  console.log(JSON.stringify({ member, place, statusCode, body: JSON.parse(body), headers, messages }))
  await app.close()
}

async function tooLargeForItsCookie() {
  const app = Fastify({ logger: { stream } })
  await app.register(starsessions, { store: new CookieStore({ secretKey: 's'.repeat(32) }) })
  app.get('/', async (request) => {
    const session = await request.loadSession()
    session.large = 'x'.repeat(10_000)
    void session.save()
    return { ok: true }
  })
  const { statusCode, body } = await app.inject('/')
  lines.length = 0
  console.log(
    JSON.stringify({ member: 'save of too much', place: '', statusCode, body: JSON.parse(body), messages: [] })
  )
  await app.close()
}

for (const place of Object.keys(PLACES)) for (const member of Object.keys(MEMBERS)) await ask(member, place)
await ask('loadSession', 'in the handler')
await tooLargeForItsCookie()
console.log('"the process lives"')
