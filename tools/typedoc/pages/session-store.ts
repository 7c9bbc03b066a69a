/**
 * The interface that a store of your own implements.
 * @module session-store
 */
export type * from '../../../types/sessions-by-user.ts'
export type * from '../../../types/store.ts'
