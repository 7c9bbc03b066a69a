import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { SqliteDatabase } from '../../types/stores/sqlite.ts'

export interface OpenDatabase extends SqliteDatabase {
  close(): unknown
}

/** The settings from docs/stores/sqlite.md. */
const SETTINGS = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000'

/** The types of Node 20 do not know this module. Node has it from 22 on. */
const NODE_SQLITE: string = 'node:sqlite'

interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => OpenDatabase
}

const nodeSqlite: NodeSqlite | undefined = await import(NODE_SQLITE).catch(() => undefined)

type Open = (file: string) => OpenDatabase

/** Each library that this Node has. */
export const SQLITE_LIBRARIES: Readonly<Record<string, Open>> = {
  'better-sqlite3': (file) => new Database(file),
  ...(nodeSqlite && { 'node:sqlite': (file: string) => new nodeSqlite.DatabaseSync(file) })
}

/** Opens a database in a file of a folder, with the documented settings. */
export function openSqlite(folder: string, library = 'better-sqlite3'): OpenDatabase {
  const database = SQLITE_LIBRARIES[library]!(join(folder, 'sessions.db'))
  database.exec(SETTINGS)
  return database
}
