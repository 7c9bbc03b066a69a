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
/** The same application once more: the difference between the two shows the noise. */
export const AGAIN = bareFastify('bare Fastify again')
export const BARE_EXPRESS = bareExpress

/** All columns, in the order of the table. */
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

/** All columns without the peers, except for @fastify/session in memory, the usual choice. */
export const QUICK_COLUMNS: readonly Column[] = COLUMNS.filter(
  (column) => column === fastifySessionInMemory || (column.kind !== 'peer' && column !== BARE_EXPRESS)
)

/** Columns that are also measured over HTTP. Figures are shares of bare Fastify, so Express is not among them. */
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

/** Of these, the columns for S0. Columns that would ask no store there, and so repeat another one, are left out. */
export const HTTP_COLUMNS_OF_S0: readonly Column[] = [
  BARE,
  AGAIN,
  oursInMemory,
  limitInPlugin,
  fastifySessionInMemory,
  fastifySessionInRedis,
  secureSessionInCookie
]
