/**
 * What a handler gets from `await request.loadSession()`.
 * @module session
 */
export type * from '../../../types/session.ts'
