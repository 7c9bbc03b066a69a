import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { Visitor } from '../support/visitor.ts'

for (const first of [true, false]) {
  t.test(`registered ${first ? 'before' : 'after'} the plugin: both set headers, with one nonce a page`, async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    if (first) await app.register(helmet, { enableCSPNonces: true })
    await app.register(starsessions, { autoload: true })
    if (!first) await app.register(helmet, { enableCSPNonces: true })
    app.get('/', async ({ session }, reply) => {
      session.n = (session.n ?? 0) + 1
      return { nonce: reply.cspNonce.script, n: session.n }
    })
    const visitor = new Visitor(app)
    for (const n of [1, 2]) {
      const { headers, json } = await visitor.send('GET /')
      t.equal(json().n, n)
      t.match(headers['content-security-policy'], `'nonce-${json().nonce}'`)
      t.equal(headers['x-content-type-options'], 'nosniff')
      t.equal(headers.vary, 'Cookie')
    }
    t.type(visitor.jar.get('session'), 'string')
  })
}
