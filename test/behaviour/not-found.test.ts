import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'

type Scope = (child: FastifyInstance) => unknown

/** An application with a not-found handler in the root, and with sessions only in a child scope. */
async function application(t: Test, scope: Scope, notFound: (request: FastifyRequest) => unknown) {
  const problems: string[] = []
  const stream = { write: (line: string) => void problems.push(JSON.parse(line).err?.message) }
  const app = Fastify({ logger: { level: 'error', stream } })
  t.teardown(() => app.close())
  const store = new MapStore()
  app.setNotFoundHandler(async (request, reply) => {
    reply.code(404)
    return { found: await notFound(request) }
  })
  await app.register(async (child) => {
    await child.register(starsessions, { store, autoload: ['/loaded'], cookie: { secure: false } })
    await scope(child)
  })
  return { app, store, problems }
}

const isLoaded = (request: FastifyRequest) => request.isSessionLoaded

t.test('a not-found handler of an outer scope can ask whether the session is loaded', async (t) => {
  const { app, problems } = await application(
    t,
    (child) => {
      child.get('/unloaded', async (_, reply) => reply.callNotFound())
      child.get('/loaded', async (_, reply) => reply.callNotFound())
      child.get('/hook', { onRequest: (_, reply) => reply.callNotFound() }, async () => 'x')
    },
    isLoaded
  )
  t.same((await app.inject('/unloaded')).json(), { found: false })
  t.same((await app.inject('/loaded')).json(), { found: true })
  t.same((await app.inject('/hook')).json(), { found: false })
  t.same((await app.inject('/elsewhere')).json(), {}, 'a request to another scope has no such property')
  t.same(problems, [])
})

t.test('a not-found handler that @fastify/static calls can ask whether the session is loaded', async (t) => {
  const root = mkdtempSync(`${tmpdir()}/starsessions-`)
  const { app } = await application(t, (child) => child.register(fastifyStatic, { root, prefix: '/files' }), isLoaded)
  t.same((await app.inject('/files/missing')).json(), { found: false })
})

t.test('a not-found handler of an outer scope can use the loaded session, or load it', async (t) => {
  const read = async (request: FastifyRequest) => {
    const session = await request.loadSession()
    return [session.user ?? null, request.session.user ?? null]
  }
  const { app, problems } = await application(
    t,
    (child) => {
      child.get('/', async (request, reply) => {
        ;(await request.loadSession()).user = 'ada'
        return reply.send()
      })
      child.get('/loaded', async (_, reply) => reply.callNotFound())
      child.get('/unloaded', async (_, reply) => reply.callNotFound())
    },
    read
  )
  const [{ value } = { value: '' }] = (await app.inject('/')).cookies
  for (const url of ['/loaded', '/unloaded']) {
    const { statusCode, body } = await app.inject({ url, cookies: { session: value } })
    t.same({ statusCode, body }, { statusCode: 404, body: '{"found":["ada","ada"]}' }, url)
  }
  t.same(problems, [])
})

t.test('a not-found handler that uses a session that is not loaded gets an error of this library', async (t) => {
  const code = (question: (request: FastifyRequest) => unknown) => async (request: FastifyRequest) => {
    try {
      return await question(request)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const scope: Scope = (child) => {
    child.get('/', async (_, reply) => reply.callNotFound())
  }
  const { app } = await application(
    t,
    scope,
    code((request) => request.session)
  )
  t.same((await app.inject('/')).json(), { found: 'FST_SESSION_NOT_LOADED' })

  // This hook of an outer scope answers before the hooks of the plugin have run.
  const outer = Fastify()
  t.teardown(() => outer.close())
  const questions: Record<string, (request: FastifyRequest) => unknown> = {
    '/session': (request) => request.session,
    '/is': (request) => request.isSessionLoaded,
    '/load': (request) => request.loadSession()
  }
  outer.setNotFoundHandler(async (request) => ({
    found: await code(questions[request.url] as (request: FastifyRequest) => unknown)(request)
  }))
  await outer.register(async (child) => {
    child.addHook('onRequest', async (_, reply) => {
      reply.callNotFound()
    })
    await child.register(starsessions)
    for (const url of Object.keys(questions)) child.get(url, async () => 'x')
  })
  t.same((await outer.inject('/session')).json(), { found: 'FST_SESSION_OPTIONS' })
  t.same((await outer.inject('/is')).json(), { found: false })
  t.same((await outer.inject('/load')).json(), { found: 'FST_SESSION_OPTIONS' })
})

t.test('with two nested registrations, the not-found handler has the inner session', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.setNotFoundHandler(async (request) => request.session.data())
  await app.register(async (outer) => {
    await outer.register(starsessions, { autoload: true, cookieName: 'outer' })
    await outer.register(async (inner) => {
      await inner.register(starsessions, { autoload: true, cookieName: 'inner' })
      inner.get('/', async (request, reply) => {
        request.session.of = 'inner'
        await request.session.save()
        return reply.callNotFound()
      })
    })
  })
  t.same((await app.inject('/')).json(), { of: 'inner' })
})

t.test('changes in a not-found handler of an outer scope are stored', async (t) => {
  const { app, store, problems } = await application(
    t,
    (child) => {
      child.get('/loaded', async (request, reply) => {
        request.session.before = 1
        return reply.callNotFound()
      })
      child.get('/', async (request) => (await request.loadSession()).data())
    },
    (request) => void (request.session.within = 1)
  )
  const { headers, cookies } = await app.inject('/loaded')
  t.match(headers, { 'set-cookie': /^session=[^;]/, vary: 'Cookie', 'cache-control': 'no-store' })
  t.equal(store.entries.size, 1)
  const { value = '' } = cookies[0] ?? {}
  t.same((await app.inject({ url: '/', cookies: { session: value } })).json(), { before: 1, within: 1 })
  t.same(problems, [])
})
