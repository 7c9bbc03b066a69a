import { MARKER_SECONDS } from '../sql/marker.ts'
import { quotedTable, type TablePlace } from './schema.ts'
import { namedStatements } from './statements.ts'

/** Gives the list of a user a new version, unless somebody else has done so: $1 marker, $2 new version, $3 old version. */
const newVersion = (table: string, since: string) => `WITH marker AS (
  INSERT INTO ${table} AS m (id, data, expires_at, since)
  VALUES ($1, $2, now() + interval '${MARKER_SECONDS} seconds', ${since})
  ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at,
  since = greatest(CASE WHEN m.expires_at > now() THEN m.since END, excluded.since)
  WHERE m.data = $3 OR m.expires_at <= now() RETURNING 1
)`

/** The statements for the lists of users, for one table. An empty value stands for NULL. */
export function postgresUserStatements(place: TablePlace) {
  const table = quotedTable(place)
  const entry = "to_timestamp($7::float8), to_timestamp($8::float8), nullif($9::bytea, '')"
  return namedStatements(place, {
    state: `SELECT CASE WHEN id = $2 THEN 'marker' WHEN id = $3 THEN 'record' END AS kind, principal, handle,
  extract(epoch FROM since)::float8::text AS since, extract(epoch FROM until)::float8::text AS until,
  encode(label, 'base64') AS label, CASE WHEN id = $2 OR id = $3 THEN encode(data, 'base64') END AS data,
  extract(epoch FROM expires_at - now())::float8::text AS left, CASE WHEN until > now() THEN 1 END AS listed
  FROM ${table} WHERE (id = $2 OR id = $3 OR principal = $1) AND expires_at > now()`,
    enlist: `${newVersion(table, 'NULL')}, evicted AS (
  DELETE FROM ${table} WHERE EXISTS (SELECT FROM marker)
  AND principal = $5 AND handle = ANY (string_to_array($4, ','))
), siblings AS (
  UPDATE ${table} SET since = to_timestamp($7::float8), until = to_timestamp($8::float8), label = nullif($9::bytea, '')
  WHERE EXISTS (SELECT FROM marker) AND principal = $5 AND handle = $6 AND id <> $10
  AND (since, until, label) IS DISTINCT FROM (${entry})
) INSERT INTO ${table} AS t (id, data, expires_at, principal, handle, since, until, label)
  SELECT $10, $11, now() + $12::float8 * interval '1 second', $5, $6, ${entry} WHERE EXISTS (SELECT FROM marker)
  ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at,
  principal = excluded.principal, handle = excluded.handle, since = excluded.since, until = excluded.until,
  label = excluded.label WHERE t.expires_at <= now() RETURNING 1 AS done`,
    delist: `UPDATE ${table} SET principal = NULL, handle = NULL, since = NULL, until = NULL, label = NULL
  WHERE id = $1 AND principal = $2 AND handle = $3`,
    end: `${newVersion(table, 'to_timestamp(nullif($7::float8, 0))')}, ended AS (
  DELETE FROM ${table} WHERE EXISTS (SELECT FROM marker) AND principal = $4
  AND ($5 = '' OR handle = $5) AND ($6 = '' OR handle <> $6)
  RETURNING handle, expires_at > now() AND until > now() AS alive
) SELECT (SELECT count(*) FROM marker)::text AS done,
  (SELECT string_agg(DISTINCT handle, ',') FROM ended WHERE alive) AS handles`
  })
}
