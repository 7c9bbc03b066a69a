import { quoted } from '../sql/table-name.ts'

export interface TablePlace {
  readonly table: string
  readonly schema?: string | undefined
}

/** The name of the table as statements write it. */
export const quotedTable = ({ table, schema }: TablePlace): string =>
  schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`

/**
 * The statements that make the table and its indexes, unless they are there.
 *
 * A column can only be updated without work on the indexes if the page has room for the new row. So 30 % of each page
 * stay free.
 */
export function postgresSchema(place: TablePlace, { unlogged = false } = {}): readonly string[] {
  const table = quotedTable(place)
  const index = (column: string) => quoted(`${place.table}_${column}`)
  return [
    `CREATE ${unlogged ? 'UNLOGGED ' : ''}TABLE IF NOT EXISTS ${table} (
  id bytea PRIMARY KEY,
  data bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  principal text,
  handle text,
  since timestamptz,
  until timestamptz,
  label bytea
) WITH (fillfactor = 70)`,
    `CREATE INDEX IF NOT EXISTS ${index('expires_at')} ON ${table} (expires_at)`,
    `CREATE INDEX IF NOT EXISTS ${index('principal')} ON ${table} (principal) WHERE principal IS NOT NULL`
  ]
}
