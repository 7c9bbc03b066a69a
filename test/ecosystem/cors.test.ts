import cors from '@fastify/cors'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'
import { Visitor } from '../support/visitor.ts'

const ORIGIN = 'https://app.example'

async function application(t: Test, first: boolean) {
  const store = new MapStore()
  const app = Fastify()
  t.teardown(() => app.close())
  const options = { origin: [ORIGIN, 'https://other.example'], credentials: true }
  if (first) await app.register(cors, options)
  await app.register(starsessions, { store, autoload: true, cookie: { sameSite: 'none', partitioned: true } })
  if (!first) await app.register(cors, options)
  app.post('/login', async ({ session }) => Object.assign(session, { user: 'ada' }))
  app.get('/', async ({ session }) => session.data())
  return { visitor: new Visitor(app), store }
}

for (const first of [true, false]) {
  t.test(`registered ${first ? 'before' : 'after'} the plugin: cookies and both Vary values are sent`, async (t) => {
    const { visitor } = await application(t, first)
    const headers = { origin: ORIGIN }
    const login = await visitor.send('POST /login', { headers })
    t.match(login.lines, [/; Secure; Partitioned; SameSite=None$/])
    const answer = await visitor.send('GET /', { headers })
    t.same(answer.json(), { user: 'ada' })
    t.match(answer.headers, {
      vary: 'Origin, Cookie',
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true'
    })
  })
}

t.test('a preflight costs no store call, because browsers send it without a cookie', async (t) => {
  for (const first of [true, false]) {
    const { visitor, store } = await application(t, first)
    const headers = { origin: ORIGIN, 'access-control-request-method': 'DELETE' }
    const { status, lines } = await visitor.send('OPTIONS /', { headers })
    t.equal(status, 204)
    t.same(lines, [])
    t.same(store.calls, { read: 0, write: 0, remove: 0 })

    // No browser sends a preflight with a cookie. This one shows that store calls would be counted.
    await visitor.send('POST /login')
    await visitor.send('OPTIONS /', { headers })
    t.same(store.calls, { read: first ? 0 : 1, write: 1, remove: 0 }, 'a preflight with a cookie')
  }
})
