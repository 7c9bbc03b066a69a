import Fastify from 'fastify'
import t from 'tap'
import { decorate } from '../lib/decorators.ts'

t.test('a session has three members on a request, called after it', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  decorate(app, 'session')
  decorate(app, 'admin')
  for (const member of ['session', 'loadSession', 'isSessionLoaded', 'admin', 'loadAdmin', 'isAdminLoaded']) {
    t.equal(app.hasRequestDecorator(member), true)
  }
})

t.test('nothing is decorated over what is there already', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  for (const name of ['body', 'headers', 'toString']) {
    t.throws(() => decorate(app, name), { code: 'FST_SESSION_OPTIONS', message: /taken already.*option "name"/ })
  }
  t.equal(app.hasRequestDecorator('loadBody'), false)
})
