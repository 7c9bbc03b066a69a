import csrfProtection, { type FastifyCsrfProtectionOptions } from '@fastify/csrf-protection'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import type { SessionStore } from '../../types/store.ts'
import { Visitor } from '../support/visitor.ts'

type Form = Parameters<FastifyReply['generateCsrf']>[0]

const PLUGINS = ['@fastify/session', '@fastify/secure-session'] as const
const stores: Record<string, () => SessionStore> = {
  memory: () => new InMemoryStore(),
  cookie: () => new CookieStore({ secretKey: 's'.repeat(32) })
}

interface Setup {
  readonly sessionPlugin?: (typeof PLUGINS)[number]
  readonly options?: Partial<FastifyCsrfProtectionOptions>
  readonly store?: SessionStore
  readonly autoload?: boolean
  /** The options that a form passes to `generateCsrf()`. */
  readonly form?: Form
  /** The `userInfo` of a form for an anonymous visitor. */
  readonly nobody?: string
}

async function application(t: Test, setup: Setup = {}) {
  const { sessionPlugin = '@fastify/session', options, store, autoload = true, form, nobody = 'nobody' } = setup
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload, lifetime: 600, ...(store !== undefined && { store }) })
  await app.register(csrfProtection, { sessionPlugin, ...options } as FastifyCsrfProtectionOptions)

  app.get('/', async () => 'a page without a form')
  app.get('/form', async ({ session }, reply) => ({
    token: reply.generateCsrf(options?.getUserInfo === undefined ? form : { userInfo: session.user ?? nobody })
  }))
  // In onRequest the body is not parsed yet, so the token must be in a header.
  app.post('/onRequest', { onRequest: app.csrfProtection }, async ({ session }) => session.data())
  app.post('/preHandler', { preHandler: app.csrfProtection }, async () => 'done')
  app.post<{ Params: { user: string } }>('/login/:user', async ({ session, params }) => {
    await session.regenerateId()
    session.user = params.user
    return {}
  })
  app.post('/regenerate', async ({ session }) => session.regenerate().then(() => Object.assign(session, { user: 'x' })))
  app.post('/keeping', async ({ session }) => session.regenerate(['_csrf']))
  app.post('/logout', async ({ session }) => session.destroy())
  return app
}

const token = async (visitor: Visitor) => (await visitor.send('GET /form')).json().token as string
const post = (visitor: Visitor, token: string) => visitor.send('POST /onRequest', { headers: { 'csrf-token': token } })

for (const sessionPlugin of PLUGINS) {
  for (const [name, store] of Object.entries(stores)) {
    t.test(`with sessionPlugin ${sessionPlugin}, tokens protect a form (${name} store)`, async (t) => {
      const app = await application(t, { sessionPlugin, store: store() })
      const ada = new Visitor(app)
      const first = await token(ada)
      const second = await token(ada)
      t.not(first, second, 'each form gets a token of its own')
      for (const each of [first, second]) t.match((await post(ada, each)).json(), { _csrf: /./ })
      const body = await ada.send('POST /preHandler', { payload: { _csrf: first } })
      t.equal(body.status, 200, 'a token in the body is accepted in preHandler')
      t.equal(
        (await ada.send('POST /onRequest', { payload: { _csrf: first } })).status,
        403,
        'a token in the body is not read in onRequest'
      )

      t.match((await post(ada, 'forged')).json(), { statusCode: 403, code: 'FST_CSRF_INVALID_TOKEN' })
      t.match((await post(new Visitor(app), first)).json(), { statusCode: 403, code: 'FST_CSRF_MISSING_SECRET' })
      const eve = new Visitor(app)
      await token(eve)
      t.equal((await post(eve, first)).status, 403, 'the token of another session is refused')
    })
  }

  t.test(`generateCsrf() takes userInfo and ignores cookie options, with ${sessionPlugin}`, async (t) => {
    const options = { getUserInfo: ({ session }: FastifyRequest) => session.user ?? 'nobody' }
    const ada = new Visitor(await application(t, { sessionPlugin, options }))
    const anonymous = await token(ada)
    t.equal((await post(ada, anonymous)).status, 200)
    await ada.send('POST /login/ada')
    t.equal((await post(ada, anonymous)).status, 403, 'the token was made for another user')
    t.equal((await post(ada, await token(ada))).status, 200)

    const form = { path: '/x', sameSite: 'none', signed: true, expires: new Date(), partitioned: true } as Form
    const app = await application(t, { sessionPlugin, form })
    const visitor = new Visitor(app)
    t.equal((await post(visitor, await token(visitor))).status, 200)
    t.equal(visitor.jar.attribute('session', 'path'), '/', 'the options do not change the session cookie')
    t.equal(visitor.jar.attribute('session', 'samesite'), 'Lax')
    t.equal(visitor.jar.attribute('session', 'max-age'), '600')
  })
}

t.test('defect of @fastify/csrf-protection: it makes a token for an empty userInfo and then refuses it', async (t) => {
  const visitor = new Visitor(await application(t, { options: { getUserInfo: () => '' }, nobody: '' }))
  t.equal((await post(visitor, await token(visitor))).status, 403)
})

t.test('with @fastify/secure-session, maxAge shortens the session cookie', async (t) => {
  for (const [maxAge, sent] of [
    [60, '60'],
    [0, '1'],
    [-1, '1']
  ] as const) {
    const visitor = new Visitor(await application(t, { sessionPlugin: '@fastify/secure-session', form: { maxAge } }))
    await token(visitor)
    t.equal(visitor.jar.attribute('session', 'max-age'), sent)
  }
})

t.test('a token from before a rotation works after regenerateId(), but not after regenerate()', async (t) => {
  const visitor = new Visitor(await application(t))
  const before = await token(visitor)
  const copy = visitor.thief()
  await visitor.send('POST /login/ada')
  t.equal(
    (await post(visitor, before)).status,
    200,
    'regenerateId() keeps the secret, because the secret is session data'
  )
  t.equal((await post(copy, before)).status, 403, 'the old id no longer works')

  await visitor.send('POST /keeping')
  t.equal((await post(visitor, before)).status, 200)
  await visitor.send('POST /regenerate')
  t.equal((await post(visitor, before)).status, 403)
  t.equal((await post(visitor, await token(visitor))).status, 200, 'the next form works')

  const last = await token(visitor)
  await visitor.send('POST /logout')
  t.equal((await post(visitor, last)).status, 403)
})

t.test('a page without a form and a refused request make no session', async (t) => {
  const store = new InMemoryStore()
  const visitor = new Visitor(await application(t, { store }))
  t.same((await visitor.send('GET /')).lines, [])
  t.same((await post(visitor, 'forged')).lines, [])
  t.equal(store.size, 0)
})

t.test('without autoload the error says that the session is not loaded', async (t) => {
  const visitor = new Visitor(await application(t, { autoload: false }))
  t.match((await post(visitor, 'x')).json(), { statusCode: 500, code: 'FST_SESSION_NOT_LOADED' })
})
