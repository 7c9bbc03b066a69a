import Fastify from 'fastify'
import t from 'tap'
import { plugin } from '../../lib/fastify/plugin.ts'

t.test('it is a Fastify 5 plugin that is not encapsulated', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(plugin)
  for (const name of ['session', 'isSessionLoaded', 'loadSession']) t.equal(app.hasRequestDecorator(name), true)
  t.equal(app.hasPlugin('fastify-starsessions'), true)
})
