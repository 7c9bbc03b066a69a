import type { SessionCookieOptions } from '../../types/session.ts'
import { now } from '../base/clock.ts'
import { toSeconds } from '../checks/duration.ts'
import { plainName } from '../checks/other-libraries.ts'
import { SessionOptionsError } from '../errors.ts'
import { cookieOf, type RecordMetadata } from '../metadata.ts'
import { limitOf } from '../record/expiry.ts'
import type { Expiry } from '../settings.ts'

/** The options that a call of `session.options()` sets. `undefined` leaves an option as it is. */
export interface AskedOptions {
  readonly maxAge: number | null | undefined
  readonly lifetime: number | undefined
}

const KNOWN = ['maxAge', 'lifetime'] as const

/** @throws `FST_SESSION_OPTIONS` */
export function askedOptions(options: SessionCookieOptions): AskedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new SessionOptionsError('session.options() takes an object: `session.options({ lifetime: { hours: 8 } })`')
  }
  for (const key of Object.keys(options)) {
    // Plugins pass options of their own, so unknown options are ignored. A misspelled option is refused, because the
    // session would live longer without it.
    const meant = KNOWN.find((name) => plainName(name) === plainName(key))
    if (meant === undefined || meant === key) continue
    throw new SessionOptionsError(`session.options(): "${key}" is spelled "${meant}"`)
  }
  const own = <K extends keyof SessionCookieOptions>(name: K) =>
    Object.hasOwn(options, name) ? options[name] : undefined
  return { maxAge: toMaxAge(own('maxAge')), lifetime: toLifetime(own('lifetime')) }
}

function toMaxAge(maxAge: SessionCookieOptions['maxAge']): AskedOptions['maxAge'] {
  if (maxAge === undefined || maxAge === null) return maxAge
  if (typeof maxAge !== 'number' || Number.isNaN(maxAge)) {
    throw new SessionOptionsError(
      `session.options(): maxAge must be a number of seconds, or null, but is ${typeof maxAge === 'number' ? 'NaN' : `of type ${typeof maxAge}`}`
    )
  }
  return Math.min(Math.max(1, Math.floor(maxAge)), Number.MAX_SAFE_INTEGER)
}

function toLifetime(lifetime: SessionCookieOptions['lifetime']): number | undefined {
  if (lifetime === undefined) return undefined
  const seconds = toSeconds('session.options(): lifetime', lifetime)
  if (seconds > 0) return seconds
  throw new SessionOptionsError(
    'session.options(): lifetime must be at least 1 second. To end the session now, use `await session.destroy()`; for a cookie until the browser closes, `session.options({ maxAge: null })`'
  )
}

/**
 * Applies the options to the metadata.
 * @param hasNewId the session is about to get a new id, for example at a login
 * @returns the same object if the options change nothing
 */
export function withOptions(
  metadata: RecordMetadata,
  { maxAge, lifetime }: AskedOptions,
  expiry: Expiry,
  hasNewId: boolean
): RecordMetadata {
  const isOtherAge = maxAge !== undefined && cookieOf(metadata)?.maxAge !== maxAge
  const aged = isOtherAge ? { ...metadata, cookie: { maxAge } } : metadata
  return lifetime === undefined ? aged : withLimit(aged, lifetime, expiry, hasNewId)
}

function withLimit(metadata: RecordMetadata, lifetime: number, expiry: Expiry, hasNewId: boolean): RecordMetadata {
  const limit = limitOf(metadata)
  const isShorter = expiry.lifetime === 0 || lifetime < expiry.lifetime
  // The same limit does not start again, unless the session gets a new id, for example at a login.
  if (isShorter ? limit?.lifetime === lifetime && !hasNewId : limit === undefined) return metadata
  const changed: RecordMetadata = { ...metadata, limit: { lifetime, from: now() } }
  if (!isShorter) delete changed.limit
  return changed
}

/** The options that this request has set. */
export function askedSince(metadata: RecordMetadata, before: RecordMetadata | undefined): Partial<RecordMetadata> {
  const cookie = cookieOf(metadata)
  const limit = limitOf(metadata)
  return {
    ...(cookie !== undefined && cookie !== (before && cookieOf(before)) && { cookie }),
    ...(limit !== undefined && limit !== before?.limit && { limit })
  }
}

/** The metadata of a session that begins now. The options that this request has set are meant for it. */
export function newMetadata({ lifetime }: Expiry, asked: Partial<RecordMetadata>): RecordMetadata {
  const at = now()
  return { lifetime, created: at, last_access: at, ...asked }
}
