// Tests without another package: streams, Server-Sent Events, reply.hijack() and reply.raw over real connections.

import { PassThrough, Readable } from 'node:stream'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { InMemoryStore } from '../../lib/index.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { newSignal } from '../support/signal.ts'

async function application(t: Test) {
  const log: { level: number; msg: string; err?: { code: string } }[] = []
  const app = Fastify({
    forceCloseConnections: true,
    logger: { level: 'error', stream: { write: (line: string) => void log.push(JSON.parse(line)) } }
  })
  t.teardown(() => app.close())
  const store = new InMemoryStore()
  await app.register(starsessions, { store, autoload: true, cookie: { secure: 'auto' } })
  app.get('/', async ({ session }) => session.data())
  app.put<{ Body: object }>('/data', async ({ session, body }) => Object.assign(session, body))

  app.get('/stream', async ({ session }, reply) => {
    session.downloads = (session.downloads ?? 0) + 1
    return reply.type('text/plain').send(Readable.from(['a', 'b', 'c']))
  })

  app.get('/events', async ({ session }, reply) => {
    session.listening = true
    // Called before the headers, save() stores the session and puts the cookie on the raw response.
    await session.save()
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const _ of [1, 2]) {
      // Reads the changes that other requests have made meanwhile.
      await session.reload()
      reply.raw.write(`data: ${JSON.stringify(session)}\n\n`)
      await next()
    }
    // The browser has the cookie already, so the data can still be saved.
    session.listening = false
    await session.save()
    reply.raw.end()
  })

  app.get('/raw', async ({ session }, reply) => {
    session.raw = true
    await session.save()
    reply.raw.end('raw')
    return reply
  })

  app.get('/late', async ({ session }, reply) => {
    const stream = new PassThrough()
    stream.write('begun ')
    reply.send(stream)
    await next()
    session.late = true
    stream.end('done')
    return reply
  })

  let turn = newSignal()
  const next = () => {
    turn = newSignal()
    return turn.given
  }
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const jar = new CookieJar()
  return {
    log,
    store,
    jar,
    proceed: () => turn.give(),
    async get(path: string) {
      const response = await fetch(origin + path, { headers: { cookie: jar.header() } })
      jar.take(response)
      return response
    },
    put: (data: object) =>
      fetch(`${origin}/data`, {
        method: 'PUT',
        headers: { cookie: jar.header(), 'content-type': 'application/json' },
        body: JSON.stringify(data)
      })
  }
}

t.test('a stream is sent after its session has been stored', async (t) => {
  const { get, jar } = await application(t)
  const response = await get('/stream')
  t.type(jar.get('session'), 'string')
  t.same(await (await get('/')).json(), { downloads: 1 })
  t.equal(await response.text(), 'abc')
})

t.test('Server-Sent Events work with save() before the headers, and reload() and save() in between', async (t) => {
  const { get, put, jar, proceed, log } = await application(t)
  const response = await get('/events')
  t.type(jar.get('session'), 'string')
  t.equal(response.headers.get('cache-control'), 'no-store')
  const events = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  t.equal((await events.read()).value, 'data: {"listening":true}\n\n')
  await put({ news: 1 })
  proceed()
  t.equal((await events.read()).value, 'data: {"listening":true,"news":1}\n\n')
  proceed()
  t.equal((await events.read()).done, true)
  t.same(await (await get('/')).json(), { listening: false, news: 1 })
  t.same(log, [])
})

t.test('a session that was saved before reply.raw.end() is stored', async (t) => {
  const { get, log } = await application(t)
  t.equal(await (await get('/raw')).text(), 'raw')
  t.same(await (await get('/')).json(), { raw: true })
  t.same(log, [])
})

t.test('a change after the headers is an error in the log with the reason', async (t) => {
  const { get, proceed, store, log } = await application(t)
  const response = await get('/late')
  proceed()
  t.equal(await response.text(), 'begun done')
  while (log.length === 0) await new Promise(setImmediate)
  t.match(log[0], { level: 50, msg: /session/, err: { code: 'FST_SESSION_HEADERS_SENT' } })
  t.equal(store.size, 0)
})
