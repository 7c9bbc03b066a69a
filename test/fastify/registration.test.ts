import Fastify from 'fastify'
import t from 'tap'
import { addToScope, innermostIn, keyOf, type Registration, registrationIn } from '../../lib/fastify/registration.ts'

const registered = (scope: object, name: string): Registration => {
  const registration = { scope, settings: { name } } as Registration
  addToScope(registration)
  return registration
}

t.test('a scope finds the nearest registration of a name, and outer scopes find their own', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.equal(registrationIn(app, keyOf('session')), undefined)
  const outer = registered(app, 'session')
  await app.register(async (scope) => {
    t.equal(registrationIn(scope, keyOf('session')), outer)
    const inner = registered(scope, 'session')
    t.equal(registrationIn(scope, keyOf('session')), inner)
  })
  t.equal(registrationIn(app, keyOf('session')), outer)
  t.equal(registrationIn(app, keyOf('admin')), undefined)
})

t.test('the innermost registration of a scope is its "session", or else its last one', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.equal(innermostIn(app), undefined)
  const admin = registered(app, 'admin')
  t.equal(innermostIn(app), admin)
  const session = registered(app, 'session')
  registered(app, 'shop')
  t.equal(innermostIn(app), session)
  await app.register(async (scope) => {
    t.equal(innermostIn(scope), session)
    registered(scope, 'first')
    const last = registered(scope, 'last')
    t.equal(innermostIn(scope), last)
  })
})
