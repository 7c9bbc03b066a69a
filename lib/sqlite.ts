export type * from '../types/stores/sqlite.ts'
export { SqliteStore } from './stores/sqlite.ts'
