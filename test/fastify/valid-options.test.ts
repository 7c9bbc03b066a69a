import t from 'tap'
import { isStore, validated } from '../../lib/fastify/valid-options.ts'
import { MapStore } from '../support/map-store.ts'
import { REFUSED_OPTIONS } from '../support/refused-options.ts'

t.test('missing options get the defaults of the schema', async (t) => {
  t.same(validated({}), {
    lifetime: 0,
    rolling: false,
    cookie: { path: '/', sameSite: 'lax', secure: true, httpOnly: true, partitioned: false },
    autoload: false,
    concurrency: 'merge',
    perUser: { max: 100, whenFull: 'end-oldest' },
    storeTimeout: 5,
    name: 'session'
  })
})

t.test('a store must have three methods, and the optional ones must be functions', async (t) => {
  t.equal(isStore(new MapStore()), true)
  t.equal(isStore(Object.assign(new MapStore(), { touch: undefined })), true)
  t.equal(isStore(Object.assign(new MapStore(), { replace: true })), false)
  t.equal(isStore({}), false)
  t.equal(isStore(null), false)
  t.equal(isStore(undefined), false)
})

t.test('a key of Object.prototype is no option', async (t) => {
  Object.assign(Object.prototype, { polluted: 1, lifetime: 'x' })
  t.teardown(() => {
    for (const key of ['polluted', 'lifetime']) Reflect.deleteProperty(Object.prototype, key)
  })
  t.equal(isStore(new MapStore()), true)
})

t.test('each refusal names the option and the remedy', async (t) => {
  for (const [options, message] of REFUSED_OPTIONS) {
    t.throws(() => validated(options), { code: 'FST_SESSION_OPTIONS', message }, JSON.stringify(options))
  }
})
