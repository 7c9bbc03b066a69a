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
