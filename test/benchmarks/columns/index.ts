import { bareExpress, bareFastify } from './bare.ts'
import type { Column } from './column.ts'
import { fastifyCookieAlone } from './fastify-cookie.ts'
import { limitInEncryptedCookie, limitInSignedCookie } from './limits/cookie.ts'
import { limitInMemory } from './limits/memory.ts'
import { limitInPlugin } from './limits/plugin.ts'
import { limitInIoredis, limitInNodeRedis } from './limits/redis.ts'
import {
  oursInAesGcmCookie,
  oursInFernetCookie,
  oursInIoredis,
  oursInMemory,
  oursInNodeRedis,
  oursInSignedCookie
} from './ours.ts'
import { expressSessionInMemory, expressSessionInRedis } from './peers/express-session.ts'
import { fastifySessionInMemory, fastifySessionInRedis } from './peers/fastify-session.ts'
import { ironSessionInCookie } from './peers/iron-session.ts'
import { secureSessionInCookie } from './peers/secure-session.ts'

export const BARE = bareFastify('bare Fastify')
/** Shows how far apart two equal columns come out. */
export const AGAIN = bareFastify('bare Fastify again')
export const BARE_EXPRESS = bareExpress

/** In the order of the table. */
export const COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  fastifyCookieAlone,
  oursInMemory,
  limitInMemory,
  limitInPlugin,
  fastifySessionInMemory,
  oursInIoredis,
  limitInIoredis,
  oursInNodeRedis,
  limitInNodeRedis,
  fastifySessionInRedis,
  oursInSignedCookie,
  limitInSignedCookie,
  oursInAesGcmCookie,
  limitInEncryptedCookie,
  oursInFernetCookie,
  secureSessionInCookie,
  ironSessionInCookie,
  BARE_EXPRESS,
  expressSessionInMemory,
  expressSessionInRedis
]

/** Without the peers, but for the one that everybody asks about. */
export const QUICK_COLUMNS: readonly Column[] = COLUMNS.filter(
  (column) => column === fastifySessionInMemory || (column.kind !== 'peer' && column !== BARE_EXPRESS)
)

/** What is also asked over HTTP: as a share of bare Fastify, which would say nothing of Express. */
export const HTTP_COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  oursInMemory,
  limitInMemory,
  limitInPlugin,
  fastifySessionInMemory,
  oursInIoredis,
  limitInIoredis,
  oursInNodeRedis,
  limitInNodeRedis,
  fastifySessionInRedis,
  oursInSignedCookie,
  secureSessionInCookie
]

/** Of these, for S0: neither ours nor what is by hand asks a store then, and most would be the same once more. */
export const HTTP_COLUMNS_OF_S0: readonly Column[] = [
  BARE,
  AGAIN,
  oursInMemory,
  limitInPlugin,
  fastifySessionInMemory,
  fastifySessionInRedis,
  secureSessionInCookie
]
