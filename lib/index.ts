import { AESGCMEncryptor } from './encryptors/aes-gcm.ts'
import { FernetEncryptor } from './encryptors/fernet.ts'
import { SessionUnavailableError } from './errors.ts'
import { plugin } from './fastify/plugin.ts'
import { JsonSerializer } from './serializers/json.ts'
import { CookieStore } from './stores/cookie.ts'
import { InMemoryStore } from './stores/memory.ts'
import { RedisStore } from './stores/redis.ts'

export type * from '../types/index.ts'

/** Sessions for Fastify 5: `await app.register(starsessions, options)`. */
const starsessions = Object.assign(plugin, {
  AESGCMEncryptor,
  CookieStore,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  RedisStore,
  SessionUnavailableError
})

export {
  AESGCMEncryptor,
  CookieStore,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  RedisStore,
  SessionUnavailableError,
  starsessions as default,
  // What require() gives: without this name it would be the namespace.
  starsessions as 'module.exports'
}
