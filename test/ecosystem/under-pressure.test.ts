import { setTimeout as sleep } from 'node:timers/promises'
import underPressure, { type FastifyUnderPressureOptions } from '@fastify/under-pressure'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

const NO_CALLS = { read: 0, write: 0, remove: 0 }

async function application(t: Test, first: boolean) {
  let healthy = true
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  const options = {
    healthCheck: async () => healthy,
    healthCheckInterval: 5,
    exposeStatusRoute: { url: '/status', routeOpts: { config: { autoloadSession: false } } }
  } as FastifyUnderPressureOptions
  if (first) await app.register(underPressure, options)
  await app.register(starsessions, { store, autoload: true })
  if (!first) await app.register(underPressure, options)
  app.get('/', async ({ session }) => session.data())
  app.post('/login', async ({ session }) => Object.assign(session, { user: 'ada' }))
  const visitor = new Visitor(app)
  await visitor.send('POST /login')
  Object.assign(store.calls, NO_CALLS)
  return {
    visitor,
    store,
    async fail() {
      healthy = false
      while (!app.isUnderPressure()) await sleep(5)
    }
  }
}

t.test('a status route that does not load the session costs no store call', async (t) => {
  for (const first of [true, false]) {
    const { visitor, store } = await application(t, first)
    t.equal((await visitor.send('GET /status')).status, 200)
    t.same(store.calls, NO_CALLS)
  }
})

t.test('registered before the plugin, @fastify/under-pressure refuses requests without a store call', async (t) => {
  const { visitor, store, fail } = await application(t, true)
  await fail()
  const { status, lines } = await visitor.send('GET /')
  t.equal(status, 503)
  t.same(lines, [])
  t.same(store.calls, NO_CALLS)
})

t.test('registered after the plugin, each refused request costs a read', async (t) => {
  const { visitor, store, fail } = await application(t, false)
  await fail()
  t.equal((await visitor.send('GET /')).status, 503)
  t.same(store.calls, { ...NO_CALLS, read: 1 })
})
