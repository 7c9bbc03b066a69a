import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { Visitor } from '../support/visitor.ts'

async function application(t: Test, keyGenerator: (request: FastifyRequest) => string) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(rateLimit, { max: 2, timeWindow: 600_000, keyGenerator })
  app.get('/', async ({ session }) => session.data())
  app.post<{ Params: { user: string } }>('/login/:user', { config: { rateLimit: false } }, async (request) => {
    await request.session.regenerateId()
    request.session.user = request.params.user
    return {}
  })
  return app
}

const statuses = async (visitor: Visitor, count: number) => {
  const found: number[] = []
  for (let at = 0; at < count; at++) found.push((await visitor.send('GET /')).status)
  return found
}

t.test('a limit can count by the user of the session, or by the address of visitors without a login', async (t) => {
  const app = await application(t, ({ session, ip }) => session.user ?? ip)
  const ada = new Visitor(app)
  await ada.send('POST /login/ada')
  t.same(await statuses(ada, 3), [200, 200, 429])
  const elsewhere = new Visitor(app)
  await elsewhere.send('POST /login/ada')
  t.same(await statuses(elsewhere, 1), [429], 'the same user is refused in another browser')
  const bob = new Visitor(app)
  await bob.send('POST /login/bob')
  t.same(await statuses(bob, 1), [200])
  t.same(
    await statuses(new Visitor(app), 3),
    [200, 200, 429],
    'visitors without a login share the limit of the address'
  )
  t.same(await statuses(new Visitor(app), 1), [429], 'another visitor of the same address is refused')
})

t.test('a limit by session id must use the address for visitors without a session', async (t) => {
  const open = new Visitor(await application(t, ({ session }) => String(session.id)))
  t.same(await statuses(open, 4), [200, 200, 200, 200], 'each request has a new id, so nothing is limited')

  const app = await application(t, ({ session, ip }) => (session.isNew ? ip : String(session.id)))
  const visitor = new Visitor(app)
  const forged = new Visitor(app, visitor.jar)
  forged.jar.take({ headers: { 'set-cookie': `session=${'x'.repeat(43)}` } })
  t.same(await statuses(forged, 3), [200, 200, 429], 'a forged id counts as no session')
})

t.test('a refused request gets no cookie, and has the headers of the limit', async (t) => {
  const app = await application(t, ({ ip }) => ip)
  const visitor = new Visitor(app)
  await statuses(visitor, 2)
  const { status, headers, lines } = await visitor.send('GET /')
  t.equal(status, 429)
  t.same(lines, [])
  t.match(headers, { 'x-ratelimit-limit': '2', 'retry-after': /\d+/, vary: 'Cookie' })
})
