/**
 * The interface that a store of your own implements.
 * @module session-store
 */

export type * from '../../../types/store.ts'
export type * from '../../../types/users/sessions-by-user.ts'
