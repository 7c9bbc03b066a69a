import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'

async function loadedOn(t: { teardown(fn: () => unknown): void }, autoload: StarsessionsOptions['autoload'] & {}) {
  const { app } = await testApp(t, { autoload }, (app) => {
    const answer = async (request: { isSessionLoaded: boolean }) => ({ loaded: request.isSessionLoaded })
    for (const url of ['/app', '/app/x', '/apple', '/admin']) app.get(url, answer)
    app.get('/app/off', { config: { autoloadSession: false } }, answer)
    app.get('/on', { config: { autoloadSession: true } }, answer)
    app.setNotFoundHandler(async (request, reply) => reply.code(404).send({ loaded: request.isSessionLoaded }))
  })
  return async (url: string) => (await app.inject(url)).json().loaded as boolean
}

t.test('without autoload, only routes with autoloadSession: true load the session', async (t) => {
  const loaded = await loadedOn(t, false)
  t.equal(await loaded('/app'), false)
  t.equal(await loaded('/on'), true)
  t.equal(await loaded('/missing'), false)
})

t.test('autoload: true loads the session everywhere except on routes with autoloadSession: false', async (t) => {
  const loaded = await loadedOn(t, true)
  t.equal(await loaded('/app'), true)
  t.equal(await loaded('/app/off'), false)
  t.equal(await loaded('/missing'), true)
})

t.test('autoload by path takes prefixes of whole segments, and RegExps', async (t) => {
  const loaded = await loadedOn(t, ['/app', /^\/adm/g])
  for (const url of ['/app', '/app/x', '/app?x', '/admin', '/admin', '/on']) t.equal(await loaded(url), true, url)
  for (const url of ['/apple', '/app/off', '/x?/app']) t.equal(await loaded(url), false, url)
})

t.test('autoload loads in onRequest, so that later onRequest hooks find the session', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  const seen: boolean[] = []
  app.addHook('onRequest', async (request) => void seen.push(request.session.isNew))
  await app.inject('/missing')
  t.same(seen, [true])
})

t.test('when the store is down, only routes that autoload are answered with 503', async (t) => {
  const store = new MapStore()
  const { app } = await testApp(t, { store, autoload: ['/app'] }, (app) => {
    app.get('/app', async () => 'x')
    app.get('/else', async () => 'x')
  })
  store.read = async () => {
    throw new Error('down')
  }
  const headers = { cookie: 'session=abc' }
  const down = await app.inject({ url: '/app', headers })
  t.equal(down.statusCode, 503)
  t.equal(down.headers['retry-after'], '5')
  t.equal((await app.inject({ url: '/else', headers })).statusCode, 200)
})

t.test('a route config that is neither a boolean nor a list is refused when the route is added', async (t) => {
  const { app } = await testApp(t)
  t.throws(() => app.get('/wrong', { config: { autoloadSession: 'yes' as unknown as boolean } }, async () => 'x'), {
    code: 'FST_SESSION_OPTIONS',
    message: /autoloadSession of route "\/wrong" must be true, false, or a list of session names/
  })
})

t.test('autoload matches the path exactly as the router does, however it is spelled (property)', async (t) => {
  const letters = [...'account'].map((letter) =>
    fc.constantFrom(letter, letter.toUpperCase(), `%${letter.charCodeAt(0).toString(16)}`)
  )
  const target = fc
    .tuple(
      fc.constantFrom('/', '//', 'http://x/', 'http://x//', 'HTTP://x:1/', '/./', '/x/../', 'http://x?/'),
      fc.tuple(...letters).map((spelled) => spelled.join('')),
      fc.constantFrom('', '/', '/x', '//x', '%2Fx', '/%78', ';a=1', '/;a', '?a=/b', '#a', '/x/', '.', '%zz')
    )
    .map((parts) => parts.join(''))
  const flag = fc.boolean()
  const routing = fc.record({
    caseSensitive: flag,
    ignoreDuplicateSlashes: flag,
    ignoreTrailingSlash: flag,
    useSemicolonDelimiter: flag
  })
  let found = 0
  await fc.assert(
    fc.asyncProperty(
      routing,
      fc.boolean(),
      fc.array(target, { minLength: 20, maxLength: 20 }),
      async (options, isApart, urls) => {
        const app = Fastify(isApart ? { routerOptions: options } : { ...options, logger: false })
        await app.register(starsessions, { autoload: ['/account'] })
        const answer = async (request: FastifyRequest) => ({ loaded: request.isSessionLoaded })
        app.get('/account', answer)
        app.get('/account/x', answer)
        await app.listen({ port: 0, host: '127.0.0.1' })
        for (const url of urls) {
          const answered = await ask(app, url)
          if (answered === undefined) continue
          found++
          if (!answered.loaded) throw new Error(`${url} reached the route, but the session was not loaded`)
        }
        await app.close()
      }
    ),
    { numRuns: 60 }
  )
  t.ok(found > 20, `${found} paths reached the route`)
})

/** Sends the path unchanged, because `inject()` would normalise it. Returns `undefined` if no route matches. */
async function ask(app: FastifyInstance, path: string): Promise<{ loaded: boolean } | undefined> {
  const { port } = app.server.address() as AddressInfo
  const [response] = (await once(request({ port, host: '127.0.0.1', path }).end(), 'response')) as [IncomingMessage]
  const body = await text(response)
  return response.statusCode === 200 ? JSON.parse(body) : undefined
}

t.test('autoload matches the path that rewriteUrl returns', async (t) => {
  const app = Fastify({ rewriteUrl: ({ url = '' }) => url.replace('/v2/', '/') })
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: ['/account'] })
  app.get('/account', async (request) => ({ loaded: request.isSessionLoaded }))
  t.same((await app.inject('/v2/account')).json(), { loaded: true })
  t.same((await app.inject('/v2/%61ccount')).json(), { loaded: true })
})
