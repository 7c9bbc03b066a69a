import { createHash, randomBytes } from 'node:crypto'
import oauth2, { type OAuth2Namespace } from '@fastify/oauth2'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { Visitor } from '../support/visitor.ts'

declare module 'fastify' {
  interface FastifyInstance {
    provider: OAuth2Namespace
  }
}

/** An OAuth 2 provider that logs everybody in. Each code is new and can be used once. */
async function startProvider(t: Test): Promise<string> {
  const app = Fastify()
  t.teardown(() => app.close())
  const challenges = new Map<string, string>()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  )
  app.get<{ Querystring: Record<string, string> }>('/authorize', async ({ query }, reply) => {
    const code = randomBytes(8).toString('hex')
    challenges.set(code, query.code_challenge ?? '')
    return reply.redirect(`${query.redirect_uri}?code=${code}&state=${query.state}`)
  })
  app.post<{ Body: Record<string, string> }>('/token', async ({ body }, reply) => {
    const challenge = createHash('sha256').update(String(body.code_verifier)).digest('base64url')
    if (challenges.get(String(body.code)) !== challenge) return reply.code(400).send({ error: 'invalid_grant' })
    challenges.delete(String(body.code))
    return { access_token: 'token of ada', token_type: 'Bearer', expires_in: 60 }
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** @param stateInSession keep `state` in the session instead of in a cookie of @fastify/oauth2 */
async function application(t: Test, stateInSession: boolean) {
  const provider = await startProvider(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  await app.register(oauth2, {
    name: 'provider',
    credentials: {
      client: { id: 'client', secret: 'secret' },
      auth: { authorizeHost: provider, authorizePath: '/authorize', tokenHost: provider, tokenPath: '/token' }
    },
    startRedirectPath: '/login',
    callbackUri: 'http://app.example/callback',
    pkce: 'S256',
    ...(stateInSession && {
      // @fastify/oauth2 adds the route of startRedirectPath. Load the session here, or autoload this path.
      async generateStateFunction(request: FastifyRequest) {
        const session = await request.loadSession()
        session.state = randomBytes(16).toString('base64url')
        return session.state
      },
      async checkStateFunction(request: FastifyRequest) {
        const session = await request.loadSession()
        const { state } = session
        delete session.state
        return state !== undefined && state === (request.query as { state?: string }).state
      }
    })
  })
  app.get('/callback', async (request, reply) => {
    const { token } = await app.provider.getAccessTokenFromAuthorizationCodeFlow(request, reply)
    const session = await request.loadSession()
    await session.regenerateId()
    session.token = token.access_token
    return {}
  })
  app.get('/', async (request) => (await request.loadSession()).data())
  return app
}

/** Starts a login, goes to the provider, and returns the path of the callback. */
async function comeBack(visitor: Visitor): Promise<string> {
  const { status, headers } = await visitor.send('GET /login')
  if (status !== 302) throw new Error(`/login answered ${status}`)
  const response = await fetch(String(headers.location), { redirect: 'manual' })
  const url = new URL(String(response.headers.get('location')))
  return url.pathname + url.search
}

for (const stateInSession of [false, true]) {
  t.test(`a login works with the state in ${stateInSession ? 'the session' : 'a separate cookie'}`, async (t) => {
    const app = await application(t, stateInSession)
    const visitor = new Visitor(app)
    const path = await comeBack(visitor)
    const ours = visitor.jar.get('session')
    t.equal(typeof ours, stateInSession ? 'string' : 'undefined')
    t.type(visitor.jar.get('oauth2-code-verifier'), 'string', 'the plugin sets cookies of its own')
    t.equal(
      (await new Visitor(app).send(`GET ${path}`)).status,
      500,
      'a stranger with the link to the callback is not logged in'
    )

    const { status, lines } = await visitor.send(`GET ${path}`)
    t.equal(status, 200)
    t.match(lines.join('\n'), /^session=[\w-]{43};[\s\S]*^oauth2-code-verifier=;/m, 'both cookies are in one response')
    t.not(visitor.jar.get('session'), ours, 'the login gives a new id')
    t.same((await visitor.send('GET /')).json(), { token: 'token of ada' })
    t.equal((await visitor.send(`GET ${path}`)).status, 500, 'the state can be used only once')
  })
}
