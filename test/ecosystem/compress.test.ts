import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

const TEXT = 'all is well, '.repeat(500)

async function application(t: Test, first: boolean) {
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  if (first) await app.register(compress, { threshold: 0 })
  await app.register(starsessions, { store, autoload: true })
  if (!first) await app.register(compress, { threshold: 0 })
  app.get('/text', async ({ session }, reply) => {
    session.n = (session.n ?? 0) + 1
    return reply.type('text/plain').send(TEXT)
  })
  app.get('/stream', async ({ session }, reply) => {
    session.n = (session.n ?? 0) + 1
    return reply.type('text/plain').send(Readable.from([TEXT]))
  })
  // This stream never ends by itself.
  const endless = new Readable({ read() {} })
  endless.push(TEXT)
  t.teardown(() => endless.destroy())
  app.get('/endless', async ({ session }, reply) => {
    session.n = (session.n ?? 0) + 1
    return reply.type('text/plain').send(endless)
  })
  return { visitor: new Visitor(app), store, endless }
}

for (const first of [true, false]) {
  const order = first ? 'before the plugin' : 'after the plugin'
  t.test(`registered ${order}: a compressed response sets the cookie`, async (t) => {
    const { visitor, store } = await application(t, first)
    for (const [at, url] of ['/text', '/stream'].entries()) {
      const { headers, raw } = await visitor.send(`GET ${url}`, { headers: { 'accept-encoding': 'gzip' } })
      t.equal(headers['content-encoding'], 'gzip')
      t.equal(String(gunzipSync(raw)), TEXT, url)
      t.match(String(headers.vary), /cookie/i)
      t.match(String(headers.vary), /accept-encoding/i)
      t.equal(store.calls.write, at + 1)
    }
    t.type(visitor.jar.get('session'), 'string')
  })

  t.test(`registered ${order}: a failed commit gives a 503, and the stream is destroyed`, async (t) => {
    const { visitor, store, endless } = await application(t, first)
    store.write = async () => {
      throw new Error('away')
    }
    for (const url of ['/text', '/stream', '/endless']) {
      const { status, headers, raw } = await visitor.send(`GET ${url}`, { headers: { 'accept-encoding': 'gzip' } })
      t.equal(status, 503, url)
      const body = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
      t.equal(JSON.parse(String(body)).code, 'FST_SESSION_STORE', url)
    }
    t.ok(endless.destroyed)
  })
}
