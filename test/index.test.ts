import t from 'tap'
import { plugin } from '../lib/fastify/plugin.ts'
import * as all from '../lib/index.ts'

const NAMES = [
  'AAL1',
  'AAL2',
  'AAL3',
  'AESGCMEncryptor',
  'CookieStore',
  'FernetEncryptor',
  'InMemoryStore',
  'JsonSerializer',
  'RedisSessions',
  'RedisStore',
  'SessionUnavailableError'
] as const

t.test(
  'the package exports the plugin, its stores, encryptors, serializer, presets and one error, nothing else',
  async (t) => {
    t.same(Object.keys(all).sort(), [...NAMES, 'default', 'module.exports'].sort())
    t.equal(all.default, plugin)
  }
)

t.test('the plugin has the named exports as properties, for require()', async (t) => {
  const exported = Object.fromEntries(Object.entries(all))
  t.equal(exported['module.exports'], all.default)
  for (const name of NAMES) t.equal(all.default[name], exported[name])
})
