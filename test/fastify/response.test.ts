import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { MapStore } from '../support/map-store.ts'

t.test('an immutable Response from fetch() gets the headers of the session as well', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store: new MapStore() })
  app.get('/proxied', async (request) => {
    ;(await request.loadSession()).a = 1
    return fetch('data:text/plain,proxied')
  })
  const { headers, body } = await app.inject('/proxied')
  t.equal(body, 'proxied')
  t.match(headers['set-cookie'], /^session=/)
  t.match(headers, { vary: 'Cookie', 'cache-control': 'no-store' })
})
