import fastifyCookie, { type FastifyCookieOptions } from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'

const store = () => new CookieStore({ secretKey: 's'.repeat(32) })

/** Checks that one response has a cookie of the application and ours, and that the next request can use ours. */
async function both(t: Test, app: FastifyInstance, url = '/both') {
  const first = await app.inject({ url, headers: { cookie: 'theirs=came%20in' } })
  t.equal(first.statusCode, 200, first.body)
  const lines = [first.headers['set-cookie'] ?? []].flat()
  const ours = lines.filter((line) => line.startsWith('session='))
  t.equal(ours.length, 1)
  t.match(ours[0], /^session=[A-Za-z0-9+/=]+\.[\w-]{6}\.[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const second = await app.inject({ url, headers: { cookie: String(ours[0]).split(';', 1)[0] ?? '' } })
  t.equal(second.json().visits, 2)
  return { body: first.json(), theirs: lines.filter((line) => line.startsWith('theirs=')) }
}

function routes(app: FastifyInstance, withCookies: boolean): void {
  app.get('/both', async (request, reply) => {
    const session = await request.loadSession()
    session.visits = (session.visits ?? 0) + 1
    if (withCookies) reply.setCookie('theirs', 'a b', { path: '/', httpOnly: true })
    return { visits: session.visits, theirs: withCookies ? request.cookies?.theirs : undefined }
  })
}

const cases: [string, FastifyCookieOptions, string | undefined][] = [
  ['with its defaults', {}, 'came in'],
  ['with hook: false', { hook: false }, undefined],
  [
    'with parseOptions',
    { parseOptions: { maxAge: 5, domain: 'theirs.example', decode: (text: string) => text } } as FastifyCookieOptions,
    'came%20in'
  ],
  ['with a secret', { secret: 'x'.repeat(32) }, 'came in']
]
for (const [what, options, theirs] of cases) {
  for (const order of ['before', 'after'] as const) {
    t.test(`@fastify/cookie ${what} may be registered ${order} the plugin`, async (t) => {
      const app = Fastify()
      t.teardown(() => app.close())
      if (order === 'before') await app.register(fastifyCookie, options)
      await app.register(starsessions, { store: store() })
      if (order === 'after') await app.register(fastifyCookie, options)
      routes(app, true)
      const answered = await both(t, app)
      if (options.hook !== false) t.equal(answered.body.theirs, theirs)
      t.equal(answered.theirs.length, 1, 'the cookie of the application is sent once')
    })
  }
}

t.test('@fastify/cookie may be registered in a child scope', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: store() })
  await app.register(async (child) => {
    await child.register(fastifyCookie)
    routes(child, true)
  })
  t.equal((await both(t, app)).theirs.length, 1)
})

t.test('without @fastify/cookie, the plugin adds none of its decorators', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: store() })
  routes(app, false)
  await both(t, app)
  t.equal(app.hasDecorator('serializeCookie'), false)
  t.equal(app.hasReplyDecorator('setCookie'), false)
  t.equal(app.hasRequestDecorator('cookies'), false)
})
