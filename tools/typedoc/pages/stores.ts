/**
 * The stores of this package: their classes and their options.
 * @module stores
 */
export { fromExpressStore } from '../../../lib/express-store.ts'
export { CookieStore } from '../../../lib/stores/cookie.ts'
export { InMemoryStore } from '../../../lib/stores/memory.ts'
export { PostgresStore } from '../../../lib/stores/postgres.ts'
export { RedisStore } from '../../../lib/stores/redis.ts'
export { RedisSessions } from '../../../lib/stores/redis-sessions.ts'
export { SqliteStore } from '../../../lib/stores/sqlite.ts'
export type * from '../../../types/clients/express-store.ts'
export type * from '../../../types/clients/redis.ts'
export type * from '../../../types/stores/postgres.ts'
export type * from '../../../types/stores/sqlite.ts'
export type * from '../../../types/stores.ts'
