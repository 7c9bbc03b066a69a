import { SessionOptionsError } from '../errors.ts'
import { postgresSchema } from '../stores/postgres/schema.ts'
import { sqlName } from '../stores/sql/table-name.ts'
import { sqliteSchema } from '../stores/sqlite/schema.ts'

/** The flags of the command `schema`. */
export interface SchemaFlags {
  readonly table?: string | undefined
  readonly schema?: string | undefined
  readonly unlogged?: boolean | undefined
}

/** For each database, the function that returns its statements. */
export const SCHEMA_MAKERS: Readonly<Record<string, (flags: SchemaFlags) => string>> = {
  postgres({ table, schema, unlogged = false }) {
    const place = { table: tableName(table), schema: schema === undefined ? undefined : named('--schema', schema) }
    return asScript(postgresSchema(place, { unlogged }))
  },
  sqlite({ table, schema, unlogged }) {
    if (schema !== undefined) throw new SessionOptionsError('SQLite has no --schema')
    if (unlogged) throw new SessionOptionsError('SQLite has no --unlogged tables')
    return asScript(sqliteSchema(tableName(table)))
  }
}

const named = (flag: string, name: string): string => sqlName('schema', flag, name)

const tableName = (name = 'starsessions'): string => named('--table', name)

const asScript = (statements: readonly string[]): string => `${statements.join(';\n')};`
