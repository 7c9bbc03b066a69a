import { createError, type FastifyError } from '@fastify/error'

/** Seconds after which a client may try again when the store could not be reached (RFC 9110, section 10.2.3). */
const RETRY_AFTER = '5'

/** `request.session` was read before the session was loaded; the message names the method and the route's config. */
export const SessionNotLoadedError = createError<[string, string]>(
  'FST_SESSION_NOT_LOADED',
  'The session is not loaded: call `await request.%s()` first, or load it for the route with `config: { autoloadSession: %s }`',
  500
)

/** An option of the plugin, of a store, of an encryptor or of a session member is wrong; the message says which. */
export const SessionOptionsError = createError<[string]>('FST_SESSION_OPTIONS', '%s', 500)

/** A data key is the name of a session member, or the library's own. */
export const SessionKeyError = createError<[string]>('FST_SESSION_KEY', '%s', 500)

/** The data hold something that the serializer cannot keep; the message names the key, never the value. */
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

/** Another request changed the same data at the same time: nothing was written. */
export const SessionConflictError = createError(
  'FST_SESSION_CONFLICT',
  'The session was changed by another request at the same time, so nothing was stored: send the request again',
  409
)

/** The session ended while the request was changing it: nothing was written. */
export const SessionGoneError = createError('FST_SESSION_GONE', 'The session has ended meanwhile', 409)

/** The cookie that a change needs cannot be sent any more; the message says what to do instead. */
export const SessionHeadersSentError = createError<[string]>('FST_SESSION_HEADERS_SENT', '%s', 500)

export const cannotSendCookie = (): Error =>
  new SessionHeadersSentError(
    'The session cannot be stored here: it needs a cookie, and the headers have gone out. Call `await session.save()` before they do; for a WebSocket or a stream, give the visitor a session in an earlier response'
  )

const StoreError = createError<[{ cause?: unknown }?]>('FST_SESSION_STORE', 'The session store is unavailable', 503)

/**
 * The store, or a service that an encryptor depends on, could not tell. The client gets a 503 with `Retry-After` and
 * this message; what went wrong stands in `cause`, for the log.
 */
export class SessionUnavailableError extends StoreError {
  readonly headers = { 'retry-after': RETRY_AFTER }

  constructor(options: { cause?: unknown } = {}) {
    super({ cause: undefined, ...options })
  }
}

/**
 * What a commit failed with, under a fixed message, for the response: what names keys of the session, or comes from the
 * application's own data, stays in `cause`, for the log.
 */
export function withFixedMessage(error: unknown): FastifyError {
  for (const fixed of [SessionUnavailableError, SessionGoneError, SessionConflictError, SessionOptionsError]) {
    if (error instanceof fixed) return error
  }
  if (error instanceof SessionTooLargeError) return new SessionTooLargeError('see the log', { cause: error })
  return new SessionSerializeError('see the log', { cause: error })
}

/** The same as `instanceof`, for what anybody may have thrown: a Proxy may throw when it is asked. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}
