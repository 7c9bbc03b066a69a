export type * from '../types/stores/postgres.ts'
export { PostgresStore } from './stores/postgres.ts'
