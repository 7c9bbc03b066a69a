/**
 * Stores of express-session, for this library.
 * @module
 */
export type * from '../types/clients/express-store.ts'
export { fromExpressStore } from './stores/express.ts'
