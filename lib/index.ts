import { AAL1, AAL2, AAL3 } from './assurance.ts'
import { AESGCMEncryptor } from './encryptors/aes-gcm.ts'
import { FernetEncryptor } from './encryptors/fernet.ts'
import { SessionUnavailableError } from './errors.ts'
import { plugin } from './fastify/plugin.ts'
import { JsonSerializer } from './serializers/json.ts'
import { CookieStore } from './stores/cookie.ts'
import { InMemoryStore } from './stores/memory.ts'
import { RedisStore } from './stores/redis.ts'
import { RedisSessions } from './stores/redis-sessions.ts'

export type * from '../types/index.ts'

/** Sessions for Fastify 5: `await app.register(starsessions, options)`. */
const starsessions = Object.assign(plugin, {
  AAL1,
  AAL2,
  AAL3,
  AESGCMEncryptor,
  CookieStore,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  RedisSessions,
  RedisStore,
  SessionUnavailableError
})

export {
  AAL1,
  AAL2,
  AAL3,
  AESGCMEncryptor,
  CookieStore,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  RedisSessions,
  RedisStore,
  SessionUnavailableError,
  starsessions as default,
  // `require()` returns this export. Without it, `require()` would return the namespace.
  starsessions as 'module.exports'
}
