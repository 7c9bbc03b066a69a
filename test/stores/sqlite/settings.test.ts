import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { SqliteStore } from '../../../lib/stores/sqlite.ts'

t.test('settings that make writes slow or let them fail cause a warning that says what to call', async (t) => {
  const warned = t.capture(process, 'emitWarning')
  const database = new Database(join(t.testdir(), 'sessions.db'), { timeout: 0 })
  t.teardown(() => database.close())
  const open = () => new SqliteStore({ database })
  open()
  const remedy =
    "Call database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')"
  t.match(warned(), [
    {
      args: [
        `SqliteStore: its journal_mode is "delete", so each write waits for the disk and for all readers, and its busy_timeout is 0, so a write fails at once while another process writes. ${remedy}`,
        { code: 'FST_SESSION_SQLITE_SETTINGS' }
      ]
    }
  ])
  database.exec('PRAGMA journal_mode = WAL')
  open()
  t.match(warned(), [
    { args: [`SqliteStore: its busy_timeout is 0, so a write fails at once while another process writes. ${remedy}`] }
  ])
  database.exec('PRAGMA busy_timeout = 5000')
  open()
  t.same(warned(), [])
})

t.test('a database in memory needs no settings', async (t) => {
  const warned = t.capture(process, 'emitWarning')
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  t.ok(new SqliteStore({ database }))
  t.same(warned(), [])
})
