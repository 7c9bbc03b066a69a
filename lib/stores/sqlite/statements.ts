import { quoted } from '../sql/table-name.ts'

/** How many expired rows one statement deletes. Nothing else runs meanwhile, so it is a small number. */
export const SMALL_BATCH = 100

/** The statements of the store, for one table. */
export function sqliteStatements(name: string) {
  const table = quoted(name)
  return {
    read: `SELECT data, expires_at FROM ${table} WHERE id = ? AND expires_at > ?`,
    prolong: `UPDATE ${table} SET expires_at = ? WHERE id = ? AND expires_at = ?`,
    // A row whose time is over no longer belongs to a user.
    write: `INSERT INTO ${table} (id, data, expires_at) VALUES (?, ifnull(?, x''), ?) ON CONFLICT (id) DO UPDATE SET
  data = excluded.data, expires_at = excluded.expires_at, principal = CASE WHEN expires_at > ? THEN principal END`,
    create: `INSERT INTO ${table} (id, data, expires_at) VALUES (?, ifnull(?, x''), ?) ON CONFLICT (id) DO UPDATE SET
  data = excluded.data, expires_at = excluded.expires_at, principal = NULL WHERE expires_at <= ?`,
    replace: `UPDATE ${table} SET data = ifnull(?, x''), expires_at = ?
  WHERE id = ? AND data = ifnull(?, x'') AND expires_at > ?`,
    replaceByNothing: `DELETE FROM ${table} WHERE id = ? AND data = ifnull(?, x'') AND expires_at > ?`,
    touch: `UPDATE ${table} SET expires_at = ? WHERE id = ? AND expires_at > ?`,
    remove: `DELETE FROM ${table} WHERE id = ? AND expires_at > ?`,
    sweep: `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE expires_at <= ? LIMIT ${SMALL_BATCH})`
  }
}
