import Fastify from 'fastify'
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

t.test('without autoload only the routes that ask for it are loaded', async (t) => {
  const loaded = await loadedOn(t, false)
  t.equal(await loaded('/app'), false)
  t.equal(await loaded('/on'), true)
  t.equal(await loaded('/missing'), false)
})

t.test('autoload: true loads everywhere, but where the route says no', async (t) => {
  const loaded = await loadedOn(t, true)
  t.equal(await loaded('/app'), true)
  t.equal(await loaded('/app/off'), false)
  t.equal(await loaded('/missing'), true)
})

t.test('autoload by path: prefixes of whole segments, and RegExps', async (t) => {
  const loaded = await loadedOn(t, ['/app', /^\/adm/g])
  for (const url of ['/app', '/app/x', '/app?x', '/admin', '/admin', '/on']) t.equal(await loaded(url), true, url)
  for (const url of ['/apple', '/app/off', '/x?/app']) t.equal(await loaded(url), false, url)
})

t.test('it is loaded in onRequest: hooks of the same kind that come later find it', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  const seen: boolean[] = []
  app.addHook('onRequest', async (request) => void seen.push(request.session.isNew))
  await app.inject('/missing')
  t.same(seen, [true])
})

t.test('a store that is down fails an autoloaded route with 503, and no other', async (t) => {
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
