import type { Connection } from './database.ts'

const GOOD_SETTINGS =
  "database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')"

/** Warns if the settings of a database in a file make writes slow, or let them fail beside another process. */
export function warnAboutSettings(connection: Connection): void {
  if (connection.file === '') return
  const mode = String(connection.get('PRAGMA journal_mode')?.journal_mode)
  const timeout = Number(connection.get('PRAGMA busy_timeout')?.timeout)
  const faults = [
    ...(mode === 'wal' ? [] : [`its journal_mode is "${mode}", so each write waits for the disk and for all readers`]),
    ...(timeout > 0 ? [] : ['its busy_timeout is 0, so a write fails at once while another process writes'])
  ]
  if (faults.length === 0) return
  process.emitWarning(`SqliteStore: ${faults.join(', and ')}. Call ${GOOD_SETTINGS}`, {
    type: 'StarsessionsWarning',
    code: 'FST_SESSION_SQLITE_SETTINGS'
  })
}
