import { quoted } from '../sql/table-name.ts'

/** The statements that make the table and its indexes, unless they are there. All times are Unix times in milliseconds. */
export const sqliteSchema = (table: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  id BLOB PRIMARY KEY,
  data BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  principal TEXT,
  handle TEXT,
  since INTEGER,
  until INTEGER,
  label BLOB
) STRICT`,
  `CREATE INDEX IF NOT EXISTS ${quoted(`${table}_expires_at`)} ON ${quoted(table)} (expires_at)`,
  `CREATE INDEX IF NOT EXISTS ${quoted(`${table}_principal`)} ON ${quoted(table)} (principal) WHERE principal IS NOT NULL`
]
