import { createRequire } from 'node:module'
import type { Pool } from 'pg'

// These packages have no types. This describes the little that the benchmarks use.

type Options = { readonly pool: Pool; readonly createTableIfMissing: boolean; readonly pruneSessionInterval: false }

const require = createRequire(import.meta.url)
const PgStore = (require('connect-pg-simple') as (session: unknown) => new (options: Options) => object)(
  require('express-session')
)

/** The store makes its table with the first session. */
export const connectPgSimple = (pool: Pool): object =>
  new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false })
