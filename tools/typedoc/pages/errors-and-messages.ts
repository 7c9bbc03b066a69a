/**
 * The types of the errors, and of the messages on `node:diagnostics_channel`.
 * @module errors-and-messages
 */
export { SessionUnavailableError } from '../../../lib/errors.ts'
export type * from '../../../types/diagnostics.ts'
export type * from '../../../types/errors.ts'
