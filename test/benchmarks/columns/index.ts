import { bareExpress, bareFastify } from './bare.ts'
import type { Column } from './column.ts'
import { fastifyCookieAlone } from './fastify-cookie.ts'
import {
  pluginInAesGcmCookie,
  pluginInIoredis,
  pluginInMemory,
  pluginInNodeRedis,
  pluginInSignedCookie
} from './limits/plugin.ts'
import {
  oursInAesGcmCookie,
  oursInFernetCookie,
  oursInIoredis,
  oursInMemory,
  oursInNodeRedis,
  oursInPostgres,
  oursInSignedCookie,
  oursInSodiumCookie,
  oursInSqlite,
  oursRollingNowAndThen
} from './ours.ts'
import { expressSessionInMemory, expressSessionInRedis } from './peers/express-session.ts'
import { fastifySessionInMemory, fastifySessionInPostgres, fastifySessionInRedis } from './peers/fastify-session.ts'
import { ironSessionInCookie } from './peers/iron-session.ts'
import { mgcreaSessionInCookie, mgcreaSessionInMemory } from './peers/mgcrea-session.ts'
import { secureSessionInCookie } from './peers/secure-session.ts'

export const BARE = bareFastify('bare Fastify')
/** The same application once more: the difference between the two shows the noise. */
export const AGAIN = bareFastify('bare Fastify again')
export const BARE_EXPRESS = bareExpress

/** The columns that are measured in process, in the order of the table. */
export const COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  fastifyCookieAlone,
  oursInMemory,
  pluginInMemory,
  fastifySessionInMemory,
  mgcreaSessionInMemory,
  oursInIoredis,
  pluginInIoredis,
  oursInNodeRedis,
  oursRollingNowAndThen,
  pluginInNodeRedis,
  fastifySessionInRedis,
  oursInSqlite,
  oursInSignedCookie,
  pluginInSignedCookie,
  oursInAesGcmCookie,
  pluginInAesGcmCookie,
  oursInFernetCookie,
  oursInSodiumCookie,
  secureSessionInCookie,
  mgcreaSessionInCookie,
  ironSessionInCookie,
  BARE_EXPRESS,
  expressSessionInMemory,
  expressSessionInRedis
]

/** The columns of a quick run: without the other clients, and with the usual peers only. */
export const QUICK_COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  oursInMemory,
  pluginInMemory,
  fastifySessionInMemory,
  oursInNodeRedis,
  pluginInNodeRedis,
  fastifySessionInRedis,
  oursInSignedCookie,
  pluginInSignedCookie,
  oursInSodiumCookie,
  secureSessionInCookie
]

/**
 * The columns that are measured in processes that have just started. Express is not among them, because the figures are
 * compared with bare Fastify.
 */
export const COLD_COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  fastifyCookieAlone,
  oursInMemory,
  fastifySessionInMemory,
  mgcreaSessionInMemory,
  oursInNodeRedis,
  oursInIoredis,
  fastifySessionInRedis,
  oursInSqlite,
  oursInSignedCookie,
  oursInAesGcmCookie,
  oursInSodiumCookie,
  secureSessionInCookie,
  mgcreaSessionInCookie
]

/** The columns that are measured over HTTP. */
export const HTTP_COLUMNS: readonly Column[] = [...COLD_COLUMNS, oursInPostgres, fastifySessionInPostgres]

/** The columns that are compared with databases. */
export const DATABASE_COLUMNS: readonly Column[] = [
  BARE,
  AGAIN,
  oursInPostgres,
  fastifySessionInPostgres,
  oursInSqlite,
  oursInNodeRedis
]

/** Every column, once. */
export const ALL_COLUMNS: readonly Column[] = [...new Set([...COLUMNS, ...HTTP_COLUMNS])]
