/**
 * The interface that a store of your own implements.
 * @module session-store
 */
export type * from '../../../types/store.ts'
