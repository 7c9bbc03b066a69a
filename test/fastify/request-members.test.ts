import Fastify from 'fastify'
import t from 'tap'
import { decorate } from '../../lib/fastify/request-members.ts'
import starsessions from '../../lib/index.ts'

t.test('a session has three members on a request, with names made from its own name', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  decorate(app, 'session')
  decorate(app, 'admin')
  for (const member of ['session', 'loadSession', 'isSessionLoaded', 'admin', 'loadAdmin', 'isAdminLoaded']) {
    t.equal(app.hasRequestDecorator(member), true)
  }
})

t.test('a member that exists already is not overwritten', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  for (const name of ['body', 'headers', 'toString']) {
    t.throws(() => decorate(app, name), { code: 'FST_SESSION_OPTIONS', message: /taken already.*option "name"/ })
  }
  t.equal(app.hasRequestDecorator('loadBody'), false)
})

t.test('an assignment to request.session is refused, and the message says how to end the session', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions)
  app.get('/', async (request) => {
    // Sloppy mode, where an assignment without a setter is silently ignored.
    return new Function('request', 'request.session = null')(request)
  })
  const response = await app.inject('/')
  t.equal(response.statusCode, 500)
  t.match(response.json(), {
    code: 'FST_SESSION_KEY',
    message:
      'request.session cannot be assigned: to end the session, `await request.session.destroy()`; to change it, assign to its keys'
  })
})
