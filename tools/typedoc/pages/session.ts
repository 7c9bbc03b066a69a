/**
 * What a handler gets from `await request.loadSession()`.
 * @module session
 */
export type * from '../../../types/session.ts'
export type * from '../../../types/users/sessions-of.ts'
