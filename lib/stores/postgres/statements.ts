import { hash } from 'node:crypto'
import { quotedTable, type TablePlace } from './schema.ts'

/** PostgreSQL cuts off longer names. */
const MOST_NAME_BYTES = 63

/** How many expired rows one statement deletes. */
export const SWEEP_BATCH = 1_000

/** A statement, and the name under which the server prepares it. A statement that runs once has none. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

/**
 * `now()` is the only clock. It is the time of the server, so it does not matter if the clocks of the processes differ.
 * (`clock_timestamp()` is a new value for each row, so PostgreSQL could not find expired rows with the index.)
 */
const inSeconds = (parameter: string) => `now() + ${parameter}::float8 * interval '1 second'`

/**
 * The new end of a session. An end that would hardly move stays as it is. PostgreSQL then need not change an index, and
 * writes less to its log.
 */
const newEnd = (table: string, seconds: string, leeway: string) =>
  `CASE WHEN ${table}.expires_at BETWEEN ${inSeconds(`(${seconds}::float8 - ${leeway}::float8)`)}
  AND ${inSeconds(`(${seconds}::float8 + ${leeway}::float8)`)}
  THEN ${table}.expires_at ELSE ${inSeconds(seconds)} END`

/** The statements of the store, for one table. */
export function postgresStatements(place: TablePlace) {
  const table = quotedTable(place)
  return namedStatements(place, {
    // `pg` and PGlite would read each byte of a bytea as two characters. Base64 is shorter, and Node decodes it faster.
    read: `SELECT encode(data, 'base64') AS data FROM ${table} WHERE id = $1 AND expires_at > now()`,
    // `xmin` names this version of the row. It is NULL if enough time is left, and also if too much is left.
    readProlonging: `SELECT encode(data, 'base64') AS data,
  CASE WHEN expires_at BETWEEN ${inSeconds('($2::float8 * 0.95)')} AND ${inSeconds('($2::float8 + 1)')}
  THEN NULL ELSE xmin::text END AS due
  FROM ${table} WHERE id = $1 AND expires_at > now()`,
    prolong: `UPDATE ${table} SET expires_at = ${inSeconds('$2')}
  WHERE id = $1 AND xmin = $3::text::xid AND expires_at > now()`,
    // A row whose time is over no longer belongs to a user.
    write: `INSERT INTO ${table} AS t (id, data, expires_at) VALUES ($1, $2, ${inSeconds('$3')})
  ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = ${newEnd('t', '$3', '$4')},
  principal = CASE WHEN t.expires_at > now() THEN t.principal END`,
    create: `INSERT INTO ${table} AS t (id, data, expires_at) VALUES ($1, $2, ${inSeconds('$3')})
  ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at, principal = NULL
  WHERE t.expires_at <= now() RETURNING 1 AS done`,
    replace: `UPDATE ${table} AS t SET data = $3, expires_at = ${newEnd('t', '$4', '$5')}
  WHERE id = $1 AND data = $2 AND expires_at > now() RETURNING 1 AS done`,
    move: `WITH old AS (
  UPDATE ${table} SET data = $3, expires_at = ${inSeconds('$4')} WHERE id = $1 AND data = $2 AND expires_at > now()
  RETURNING 1
) INSERT INTO ${table} (id, data, expires_at) SELECT $5, $6, ${inSeconds('$7')} WHERE EXISTS (SELECT FROM old)
  RETURNING 1 AS done`,
    replaceByNothing: `DELETE FROM ${table} WHERE id = $1 AND data = $2 AND expires_at > now() RETURNING 1 AS done`,
    touch: `UPDATE ${table} AS t SET expires_at = ${newEnd('t', '$2', '$3')}
  WHERE id = $1 AND expires_at > now() RETURNING 1 AS done`,
    // Not a boolean, because an application can set in its client how to read one.
    remove: `DELETE FROM ${table} WHERE id = $1 RETURNING CASE WHEN expires_at > now() THEN 1 END AS alive`,
    sweep: `WITH gone AS (
  DELETE FROM ${table} WHERE id = ANY (ARRAY(
    SELECT id FROM ${table} WHERE expires_at <= now() ORDER BY expires_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED
  )) RETURNING 1
) SELECT count(*)::text AS count FROM gone`
  })
}

/** Gives each statement a name that no other table has. */
export function namedStatements<Operation extends string>(
  { table, schema }: TablePlace,
  text: Readonly<Record<Operation, string>>
): Record<Operation, Required<Statement>> {
  const prefix = `starsessions.${schema === undefined ? table : `${schema}.${table}`}.`
  const operations = Object.keys(text) as Operation[]
  const longest = Math.max(...operations.map((operation) => Buffer.byteLength(prefix + operation)))
  const short = longest > MOST_NAME_BYTES ? `starsessions.${hash('sha256', prefix, 'hex').slice(0, 32)}.` : prefix
  return Object.fromEntries(
    operations.map((operation) => [operation, { name: short + operation, text: text[operation] }])
  ) as Record<Operation, Required<Statement>>
}
