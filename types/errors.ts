/**
 * The `code` of each error that the library throws. Tell errors apart by their code, never by their message.
 *
 * - `FST_SESSION_NOT_LOADED` (500): a handler read `request.session` before the session was loaded.
 * - `FST_SESSION_OPTIONS` (500): an option, a key or an argument is wrong. The message names it.
 * - `FST_SESSION_KEY` (500): an assignment to a member of the session, to `__metadata__` or to `request.session`.
 * - `FST_SESSION_SERIALIZE` (500): the serializer cannot keep a value. The message names the key, never the value.
 * - `FST_SESSION_TOO_LARGE` (500): the session does not fit into its cookie or its store.
 * - `FST_SESSION_HEADERS_SENT` (500): a change needs a cookie, but the headers were already sent. Nothing was written.
 * - `FST_SESSION_GONE` (409): the session, or all sessions of its user, ended while the request was changing it. Nothing
 *   was written.
 * - `FST_SESSION_LIMIT` (409): the user has as many sessions as the option `perUser` allows. Nothing was written.
 * - `FST_SESSION_CONFLICT` (409): another request changed the same data. Nothing was written.
 * - `FST_SESSION_STORE` (503): the store or the encryptor failed, or took longer than `storeTimeout`.
 */
export type SessionErrorCode =
  | 'FST_SESSION_NOT_LOADED'
  | 'FST_SESSION_OPTIONS'
  | 'FST_SESSION_KEY'
  | 'FST_SESSION_SERIALIZE'
  | 'FST_SESSION_TOO_LARGE'
  | 'FST_SESSION_HEADERS_SENT'
  | 'FST_SESSION_GONE'
  | 'FST_SESSION_LIMIT'
  | 'FST_SESSION_CONFLICT'
  | 'FST_SESSION_STORE'

/** An error of the library, for a handler that catches it or for `setErrorHandler()`. */
export interface SessionError extends Error {
  /** Says what went wrong. */
  readonly code: SessionErrorCode
  /** The HTTP status of the response, unless an error handler sends another one. */
  readonly statusCode: 409 | 500 | 503
}
