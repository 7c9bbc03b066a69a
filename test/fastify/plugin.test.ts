import Fastify from 'fastify'
import t from 'tap'
import { plugin } from '../../lib/fastify/plugin.ts'

t.test('the plugin is for Fastify 5 and is not encapsulated', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(plugin)
  for (const name of ['session', 'isSessionLoaded', 'loadSession']) t.equal(app.hasRequestDecorator(name), true)
  t.equal(app.hasPlugin('fastify-starsessions'), true)
})

t.test('a load that fails at once in the hook is answered with 503', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const store = {
    read: (): never => {
      throw new Error('down')
    },
    write: async (id: string) => id,
    remove: async () => undefined
  }
  await app.register(plugin, { store, autoload: true })
  app.get('/', async () => 'ok')
  const { statusCode, headers } = await app.inject({ url: '/', cookies: { session: 'abc' } })
  t.equal(statusCode, 503)
  t.match(headers, { 'retry-after': /\d/ })
})
