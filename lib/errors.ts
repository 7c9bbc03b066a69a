import { createError, type FastifyError } from '@fastify/error'

/** The seconds after which a client may try again if the store was not reachable (RFC 9110, section 10.2.3). */
const RETRY_AFTER = '5'

/** A handler read `request.session` before the session was loaded. The message names the method and the config to use. */
export const SessionNotLoadedError = createError<[string, string]>(
  'FST_SESSION_NOT_LOADED',
  'The session is not loaded: call `await request.%s()` first, or load it for the route with `config: { autoloadSession: %s }`',
  500
)

/** An option of the plugin, a store, an encryptor or a session method is wrong. The message names the option. */
export const SessionOptionsError = createError<[string, { cause?: unknown }?]>('FST_SESSION_OPTIONS', '%s', 500)

/** A data key has the name of a session member, or a name that the library reserves. */
export const SessionKeyError = createError<[string]>('FST_SESSION_KEY', '%s', 500)

/** The data hold a value that the serializer cannot keep. The message names the key, never the value. */
export const SessionSerializeError = createError<[string, { cause?: unknown }?]>(
  'FST_SESSION_SERIALIZE',
  'The session cannot be serialized: %s',
  500
)

/** The record does not fit into the cookie. */
export const SessionTooLargeError = createError<[string, { cause?: unknown }?]>(
  'FST_SESSION_TOO_LARGE',
  'The session is too large: %s',
  500
)

export const tooLargeForCookie = (size: number, limit: number): Error =>
  new SessionTooLargeError(
    `its cookie would have ${size} bytes, and the limit is ${limit}. Store less, or use a store that keeps sessions on the server`
  )

/** Another request changed the same data at the same time, so nothing was written. */
export const SessionConflictError = createError(
  'FST_SESSION_CONFLICT',
  'The session was changed by another request at the same time, so nothing was stored: send the request again',
  409
)

/** The session ended while the request was changing it, so nothing was written. */
export const SessionGoneError = createError('FST_SESSION_GONE', 'The session has ended meanwhile', 409)

/** The user has as many sessions as the option `perUser` allows, so this login was refused. */
export const SessionLimitError = createError(
  'FST_SESSION_LIMIT',
  'There are too many sessions of this user: end one of them and log in again',
  409
)

/** A change needs a cookie, but the headers were already sent. The message says what to do instead. */
export const SessionHeadersSentError = createError<[string]>('FST_SESSION_HEADERS_SENT', '%s', 500)

export const cannotSendCookie = (): Error =>
  new SessionHeadersSentError(
    'The session cannot be stored here: it needs a cookie, and the headers have gone out. Call `await session.save()` before they do; for a WebSocket or a stream, give the visitor a session in an earlier response'
  )

const StoreError = createError<[{ cause?: unknown }?]>('FST_SESSION_STORE', 'The session store is unavailable', 503)

/**
 * The store, or a service that an encryptor depends on, did not work. The client is answered with 503, `Retry-After` and
 * this message. The reason is in `cause`, for the log.
 */
export class SessionUnavailableError extends StoreError {
  /** The headers that Fastify adds to the response: `Retry-After: 5`, in seconds. */
  readonly headers = { 'retry-after': RETRY_AFTER }

  /** @param options `cause` is the reason. Only the log shows it, never the response */
  constructor(options: { cause?: unknown } = {}) {
    super({ cause: undefined, ...options })
  }
}

/**
 * Makes the error for the response when a commit failed. Its message is fixed. The original message may name keys of the
 * session or come from the application, so the original error is only in `cause`, for the log.
 */
export function withFixedMessage(error: unknown): FastifyError {
  const shown = [
    SessionUnavailableError,
    SessionGoneError,
    SessionLimitError,
    SessionConflictError,
    SessionOptionsError,
    SessionHeadersSentError
  ]
  for (const fixed of shown) {
    if (error instanceof fixed) return error
  }
  if (error instanceof SessionTooLargeError) return new SessionTooLargeError('see the log', { cause: error })
  return new SessionSerializeError('see the log', { cause: error })
}

/** The same as `instanceof`, for a value that anybody may have thrown. It never throws, even if the value is a Proxy. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}
