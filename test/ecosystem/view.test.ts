import view from '@fastify/view'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { Visitor } from '../support/visitor.ts'

/** The part of mustache that this test needs. */
const mustache = {
  render: (template: string, data: Record<string, unknown>) =>
    template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => String(data[key] ?? ''))
}

t.test('a template can use the session data, and the response sets the cookie', async (t) => {
  const root = t.testdir({ 'page.mustache': '<p>{{user}}: {{visits}}</p>' })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(view, { engine: { mustache }, root })
  app.get('/', async ({ session }, reply) => {
    session.user ??= 'Ada'
    session.visits = (session.visits ?? 0) + 1
    return reply.view('page.mustache', session.data())
  })
  app.get('/spread', async ({ session }, reply) => reply.view('page.mustache', { ...session }))
  app.get('/itself', async ({ session }, reply) => reply.view('page.mustache', session))
  const locals = async ({ session }: FastifyRequest, reply: FastifyReply) =>
    void Object.assign(reply, { locals: session.data() })
  app.get('/locals', { preHandler: locals }, (_, reply) => reply.view('page.mustache'))
  const visitor = new Visitor(app)
  const first = await visitor.send('GET /')
  t.match(first, { status: 200, body: '<p>Ada: 1</p>' })
  t.match(first.lines, [/^session=[\w-]{43};/])
  t.equal((await visitor.send('GET /')).body, '<p>Ada: 2</p>')
  for (const url of ['/spread', '/itself', '/locals']) {
    const { body, lines } = await visitor.send(`GET ${url}`)
    t.equal(body, '<p>Ada: 2</p>', url)
    t.same(lines, [], 'reading changes nothing')
  }
})

t.test('a failing template gives a 500, and nothing is stored', async (t) => {
  const root = t.testdir({ 'page.mustache': '' })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(view, { engine: { mustache }, root })
  app.get('/', async ({ session }, reply) => {
    session.user = 'Ada'
    return reply.view('missing.mustache', {})
  })
  const { status, lines } = await new Visitor(app).send('GET /')
  t.equal(status, 500)
  t.same(lines, [])
})
