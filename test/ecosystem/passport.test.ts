import { randomBytes } from 'node:crypto'
import passport from '@fastify/passport'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import type { SessionStore } from '../../types/store.ts'
import { newSignal } from '../support/signal.ts'
import { Visitor } from '../support/visitor.ts'

const { Authenticator, Strategy } = passport
type Options = NonNullable<ConstructorParameters<typeof Authenticator>[0]>

class PasswordStrategy extends Strategy {
  constructor() {
    super('password')
  }

  override authenticate({ body }: FastifyRequest): void {
    const { name, password } = body as { name: string; password: string }
    if (password === 'open sesame') this.success({ name }, { type: 'success', message: `Welcome, ${name}.` })
    else this.fail('That did not work.')
  }
}

const STATE_KEY = 'oauth2:auth.example'

/** Keeps `state` as passport-oauth2 does: in an object under its own key, which it deletes after the login. */
class OAuth2Strategy extends Strategy {
  constructor() {
    super('oauth2')
  }

  override authenticate({ session, query }: FastifyRequest): void {
    const { code, state } = query as { code?: string; state?: string }
    if (code === undefined) {
      const handle = randomBytes(18).toString('base64url')
      if (!session[STATE_KEY]) session[STATE_KEY] = {}
      session[STATE_KEY].state = { handle, code_verifier: 'v' }
      this.redirect(`https://auth.example/authorize?state=${handle}`)
      return
    }
    const stored = session[STATE_KEY]?.state
    if (stored === undefined) {
      this.fail('Unable to verify authorization request state.', 403)
      return
    }
    delete session[STATE_KEY].state
    if (Object.keys(session[STATE_KEY]).length === 0) delete session[STATE_KEY]
    if (stored.handle === state) this.success({ name: 'ada' })
    else this.fail('Invalid authorization request state.', 403)
  }
}

interface Setup {
  readonly options?: Options
  readonly store?: SessionStore
  /** Replaces the default deserializer, which knows everybody except Eve. */
  readonly deserialize?: (name: string) => Promise<unknown>
  /** Runs while a login has loaded its session but not stored it yet. */
  readonly duringLogin?: () => Promise<unknown>
}

async function application(
  t: Test,
  { options, store = new InMemoryStore(), deserialize, duringLogin = async () => undefined }: Setup = {}
) {
  const app = Fastify()
  t.teardown(() => app.close())
  const authenticator = new Authenticator(options)
  authenticator.use(new PasswordStrategy()).use(new OAuth2Strategy())
  authenticator.registerUserSerializer(async (user: { name: string }) => {
    await duringLogin()
    return user.name
  })
  authenticator.registerUserDeserializer(
    deserialize ?? (async (name: string) => (name === 'eve' ? false : { name, known: true }))
  )

  await app.register(starsessions, { store, autoload: true })
  await app.register(authenticator.initialize())
  await app.register(authenticator.secureSession())

  app.get('/', async ({ user, session }) => ({ user: user ?? null, data: session.data() }))
  app.put<{ Body: object }>('/data', async ({ session, body }) => Object.assign(session, body))
  app.get('/flash', async (_request, reply) => reply.flash())
  const login = (url: string, options: Parameters<typeof authenticator.authenticate>[1]) =>
    app.post(url, { preValidation: authenticator.authenticate('password', options) }, async ({ user }) => user)
  login('/login', { failureFlash: true })
  login('/login/keeping', { keepSessionInfo: true })
  login('/login/flash', { successFlash: true })
  login('/login/message', { failureMessage: true })
  login('/login/back', { successReturnToOrRedirect: '/' })
  app.get('/oauth2', { preValidation: authenticator.authenticate('oauth2') }, async ({ user }) => user)
  app.post('/logout', async (request) => {
    await request.logOut()
    return {}
  })
  return app
}

const right = { name: 'ada', password: 'open sesame' }
const wrong = { ...right, password: 'guess' }
const cookieStore = () => new CookieStore({ secretKey: 's'.repeat(32) })

t.test('an anonymous visitor has no user and gets no cookie', async (t) => {
  const visitor = new Visitor(await application(t))
  const answer = await visitor.send('GET /')
  t.same(answer.json(), { user: null, data: {} })
  t.same(answer.lines, [])
})

t.test('a login gives a new id and keeps only the user, and the old id no longer works', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('PUT /data', { payload: { cart: ['tea'] } })
  const thief = visitor.thief()
  t.same((await visitor.send('POST /login', { payload: right })).json(), { name: 'ada' })
  t.not(visitor.jar.get('session'), thief.jar.get('session'))
  t.same((await visitor.send('GET /')).json(), { user: { name: 'ada', known: true }, data: { passport: 'ada' } })
  t.same((await thief.send('GET /')).json(), { user: null, data: {} }, 'a person who planted the id is not logged in')
})

t.test('a wrong password gives a 401, and the session stays unchanged', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('PUT /data', { payload: { cart: ['tea'] } })
  const before = visitor.jar.get('session')
  t.equal((await visitor.send('POST /login', { payload: wrong })).status, 401)
  t.equal(visitor.jar.get('session'), before)
  t.match((await visitor.send('GET /')).json(), { user: null, data: { cart: ['tea'] } })
})

for (const [name, store] of [
  ['memory', () => new InMemoryStore()],
  ['cookie', cookieStore]
] as const) {
  t.test(`keepSessionInfo keeps the data under a new id (${name} store)`, async (t) => {
    const visitor = new Visitor(await application(t, { store: store() }))
    await visitor.send('PUT /data', { payload: { cart: ['tea'], theme: 'dark' } })
    const thief = visitor.thief()
    await visitor.send('POST /login/keeping', { payload: right })
    t.not(visitor.jar.get('session'), thief.jar.get('session'))
    t.equal((await thief.send('GET /')).json().user, null, 'a copy of the earlier cookie is not logged in')
    if (name === 'memory') t.same((await thief.send('GET /')).json().data, {}, 'the earlier id no longer works')
    t.same((await visitor.send('GET /')).json().data, { cart: ['tea'], theme: 'dark', passport: 'ada' })
  })

  t.test(`clearSessionOnLogin: false keeps the data at login and at logout (${name} store)`, async (t) => {
    const visitor = new Visitor(await application(t, { store: store(), options: { clearSessionOnLogin: false } }))
    await visitor.send('PUT /data', { payload: { cart: ['tea'], theme: 'dark' } })
    const ids = [visitor.jar.get('session')]
    const planted = visitor.thief()
    await visitor.send('POST /login', { payload: right })
    t.equal((await planted.send('GET /')).json().user, null, 'a copy of the earlier cookie is not logged in')
    if (name === 'memory') t.same((await planted.send('GET /')).json().data, {}, 'the earlier id no longer works')
    ids.push(visitor.jar.get('session'))
    const stolen = visitor.thief()
    t.same((await visitor.send('GET /')).json().data, { cart: ['tea'], theme: 'dark', passport: 'ada' })
    await visitor.send('POST /logout')
    ids.push(visitor.jar.get('session'))
    t.same((await visitor.send('GET /')).json(), { user: null, data: { cart: ['tea'], theme: 'dark' } })
    t.equal(new Set(ids).size, 3, 'each login and logout gives a new id')
    if (name === 'memory')
      t.equal((await stolen.send('GET /')).json().user, null, 'a copy of the cookie is logged out as well')
  })
}

t.test('defect: a login loses changes of other requests, except in clearSessionIgnoreFields', async (t) => {
  const listed = { clearSessionIgnoreFields: ['cart', 'theme', 'options'] }
  for (const [url, options, kept] of [
    ['/login', listed, { cart: ['tea', 'cup'], theme: 'dark', options: 1 }],
    ['/login/keeping', {}, { cart: ['tea', 'cup'] }],
    ['/login', { clearSessionOnLogin: false }, { cart: ['tea'], options: 1 }]
  ] as const) {
    let during: () => Promise<unknown> = async () => undefined
    const app = await application(t, { options: options as Options, duringLogin: () => during() })
    app.put('/options', async ({ session }) => session.set('options', 1))
    const visitor = new Visitor(app)
    await visitor.send('PUT /data', { payload: { cart: ['tea'] } })
    await visitor.send('PUT /options')
    const other = visitor.thief()
    during = () => other.send('PUT /data', { payload: { cart: ['tea', 'cup'], theme: 'dark' } })
    t.equal((await visitor.send(`POST ${url}`, { payload: right })).status, 200)
    t.same((await visitor.send('GET /')).json().data, { ...kept, passport: 'ada' }, `${url} ${JSON.stringify(options)}`)
  }
})

t.test('a logout removes the record and clears the cookie, and copies of the cookie no longer work', async (t) => {
  const store = new InMemoryStore()
  const visitor = new Visitor(await application(t, { store }))
  await visitor.send('POST /login', { payload: right })
  const thief = visitor.thief()
  t.equal(store.size, 1)
  const { lines } = await visitor.send('POST /logout')
  t.match(lines, [/^session=; Expires=Thu, 01 Jan 1970/])
  t.equal(visitor.jar.header(), '')
  t.equal(store.size, 0)
  t.equal((await thief.send('GET /')).json().user, null)
})

t.test('if another request rotates the id during a logout, only destroy() ends the session', async (t) => {
  for (const destroys of [false, true]) {
    const app = await application(t)
    const loaded = newSignal()
    const rotated = newSignal()
    app.post('/rotate', async ({ session }) => session.regenerateId())
    app.post('/late', async (request) => {
      loaded.give()
      await rotated.given
      await request.logOut()
      if (destroys) await request.session.destroy()
      return {}
    })
    const visitor = new Visitor(app)
    await visitor.send('POST /login', { payload: right })
    const late = visitor.thief().send('POST /late')
    await loaded.given
    await visitor.send('POST /rotate')
    rotated.give()
    t.equal((await late).status, destroys ? 200 : 409)
    t.same((await visitor.send('GET /')).json().user, destroys ? null : { name: 'ada', known: true })
  }
})

t.test('a user whom the deserializer no longer knows is logged out', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('POST /login', { payload: { ...right, name: 'eve' } })
  t.equal((await visitor.send('GET /')).json().user, null)
  t.equal(visitor.jar.header(), '')
})

t.test('defect: an error of the deserializer logs the user out, unless its status is 500 or above', async (t) => {
  let statusCode = 500
  const deserialize = async () => {
    throw Object.assign(new Error('the database is away'), { statusCode })
  }
  const store = new InMemoryStore()
  const visitor = new Visitor(await application(t, { store, deserialize }))
  await visitor.send('POST /login', { payload: right })
  t.equal((await visitor.send('GET /')).status, 500)
  t.equal(store.size, 1, 'still logged in')
  statusCode = 404
  t.equal((await visitor.send('GET /')).status, 404)
  t.equal(store.size, 0, 'logged out')
})

t.test('flash messages work for a failed login, and for a successful one only if their key is kept', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('POST /login', { payload: wrong })
  t.same((await visitor.send('GET /flash')).json(), { error: ['That did not work.'] })
  t.same((await visitor.send('GET /flash')).json(), {}, 'shown once')

  await visitor.send('POST /login/flash', { payload: right })
  t.same(
    (await visitor.send('GET /flash')).json(),
    {},
    'defect: the message is written before the login clears the session'
  )

  const keeping = new Visitor(await application(t, { options: { clearSessionIgnoreFields: ['flash'] } }))
  await keeping.send('POST /login/flash', { payload: right })
  t.same((await keeping.send('GET /flash')).json(), { success: ['Welcome, ada.'] })
})

t.test('failureMessage adds a message to session.messages', async (t) => {
  const visitor = new Visitor(await application(t))
  for (const _ of [1, 2]) await visitor.send('POST /login/message', { payload: wrong })
  t.same((await visitor.send('GET /')).json().data, { messages: ['That did not work.', 'That did not work.'] })
})

t.test('successReturnToOrRedirect works only if its key is kept', async (t) => {
  const cases: [Options, string][] = [
    [{}, '/'],
    [{ clearSessionIgnoreFields: ['returnTo'] }, '/account']
  ]
  for (const [options, location] of cases) {
    const visitor = new Visitor(await application(t, { options }))
    await visitor.send('PUT /data', { payload: { returnTo: '/account' } })
    const { status, headers } = await visitor.send('POST /login/back', { payload: right })
    t.match({ status, location: headers.location }, { status: 302, location })
    t.same((await visitor.send('GET /')).json().data, { passport: 'ada' }, 'returnTo is deleted after use')
  }
})

for (const [name, store] of [
  ['memory', () => new InMemoryStore()],
  ['cookie', cookieStore]
] as const) {
  t.test(`an OAuth 2 strategy keeps its state in the session, and deletes it after use (${name} store)`, async (t) => {
    const app = await application(t, { store: store() })
    const visitor = new Visitor(app)
    const begin = async (who = visitor) => {
      const { status, headers } = await who.send('GET /oauth2')
      t.equal(status, 302)
      return new URL(String(headers.location)).searchParams.get('state')
    }
    const state = await begin()
    t.same((await visitor.send('GET /')).json().data, {
      [STATE_KEY]: { state: { handle: state, code_verifier: 'v' } }
    })
    const again = await begin()
    t.not(again, state)
    t.equal((await visitor.send(`GET /oauth2?code=1&state=${state}`)).status, 403, 'the first state was replaced')
    t.same((await visitor.send('GET /')).json().data, {}, 'the second state is deleted after use')
    t.equal((await visitor.send(`GET /oauth2?code=1&state=${again}`)).status, 403)

    await visitor.send('PUT /data', { payload: { [STATE_KEY]: { other: 1 } } })
    const last = await begin()
    const thief = visitor.thief()
    t.equal((await visitor.send(`GET /oauth2?code=1&state=${last}`)).status, 200)
    t.not(visitor.jar.get('session'), thief.jar.get('session'))
    t.equal((await thief.send('GET /')).json().user, null)
    if (name === 'memory') t.same((await thief.send('GET /')).json().data, {}, 'the earlier id no longer works')
    t.same((await visitor.send('GET /')).json().data, { passport: 'ada' })
    t.equal(
      (await new Visitor(app).send(`GET /oauth2?code=1&state=${last}`)).status,
      403,
      'the state belongs to another visitor'
    )
  })
}

t.test('after a refused login no handler runs', async (t) => {
  let ran = 0
  const app = Fastify()
  t.teardown(() => app.close())
  const authenticator = new Authenticator().use(new PasswordStrategy())
  await app.register(starsessions, { autoload: true })
  await app.register(authenticator.initialize())
  app.post('/', { preValidation: authenticator.authenticate('password', { failureFlash: true }) }, async () => {
    ran++
    return 'secret'
  })
  const { statusCode, body } = await app.inject({ method: 'POST', url: '/', payload: wrong })
  t.same([statusCode, body, ran], [401, 'Unauthorized', 0], 'the hook has answered')
})

t.test('without autoload the error says that the session is not loaded', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const authenticator = new Authenticator()
  await app.register(starsessions)
  await app.register(authenticator.initialize())
  await app.register(authenticator.secureSession())
  app.get('/', async () => 'x')
  t.match((await app.inject('/')).json(), { code: 'FST_SESSION_NOT_LOADED', message: /autoloadSession/ })
})

t.test('registering without the session plugin fails', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => app.register(new Authenticator().initialize()), {
    code: 'FST_ERR_PLUGIN_NOT_PRESENT_IN_INSTANCE'
  })
})
