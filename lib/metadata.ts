import { isObject } from './base/is-object.ts'
import { own, setOwn } from './base/own.ts'

/** The key of the metadata in a record. All other keys are data of the application. */
export const METADATA_KEY = '__metadata__'

/** The lifetime that `session.options({ lifetime })` set, in seconds, and the Unix time from which it counts. */
export interface Limit {
  readonly lifetime: number
  readonly from: number
}

/** The user that a session belongs to, as `session.bindTo()` stored it. All times are Unix times in seconds. */
export interface Bound {
  /** The user's id. */
  readonly id: string
  /** The public name of the session. */
  readonly handle: string
  /** When the user proved who they are. */
  readonly at: number
  /** When the session ends, however active it is. */
  readonly until: number
}

/** The metadata of a record, with the names that are stored. Keys that this version does not know are kept. */
export interface RecordMetadata {
  lifetime: number
  created: number
  last_access: number
  /** The name of the cookie that the record was written for. Older records and those of Python's starsessions have none. */
  name?: string
  rev?: string
  cookie?: { maxAge: number | null }
  limit?: Limit
  user?: Bound
  /** Makes the record a tombstone: the ids of the sessions that this one was rotated into, each sealed with the old id. */
  rotated?: readonly string[]
  [unknown: string]: unknown
}

/** What each write sets anew. */
export type Renewed = Required<Pick<RecordMetadata, 'lifetime' | 'last_access' | 'name' | 'rev'>>

const USUAL: ReadonlySet<string> = new Set(['lifetime', 'created', 'last_access', 'name', 'rev', 'rotated'])

const REVISION = /^[\w-]+$/

function isUsual(metadata: RecordMetadata): boolean {
  for (const key in metadata) if (!USUAL.has(key)) return false
  return true
}

/**
 * A copy with other values. Most metadata have only the usual keys. For those, an object literal takes a tenth of the time
 * of a spread, because V8 knows its shape.
 */
export function renewedMetadata(from: RecordMetadata, { lifetime, last_access, name, rev }: Renewed): RecordMetadata {
  if (!isUsual(from)) return { ...from, lifetime, last_access, name, rev }
  const { created, rotated } = from
  return rotated === undefined
    ? { lifetime, created, last_access, name, rev }
    : { lifetime, created, last_access, name, rev, rotated }
}

/**
 * The metadata as JSON. For the usual keys, joining the text takes a tenth of the time of `JSON.stringify()`. A name is a
 * token and our revisions are base64url, so neither has to be escaped. Another program may have written other values.
 */
export function metadataText(metadata: RecordMetadata): string {
  const { lifetime, created, last_access, name, rev, rotated } = metadata
  const isOurs = name !== undefined && Number.isFinite(lifetime) && typeof rev === 'string' && REVISION.test(rev)
  if (!isOurs || !isUsual(metadata)) return JSON.stringify(metadata)
  const tombstone = rotated === undefined ? '' : `,"rotated":${JSON.stringify(rotated)}`
  return `{"lifetime":${lifetime},"created":${created},"last_access":${last_access},"name":"${name}","rev":"${rev}"${tombstone}}`
}

/** What `session.options({ maxAge })` stored. Only an own property counts. */
export const cookieOf = (metadata: RecordMetadata): RecordMetadata['cookie'] => own(metadata, 'cookie')

/** The user that a session belongs to. Only an own property counts. */
export const boundIn = (metadata: RecordMetadata): Bound | undefined => own(metadata, 'user')

/**
 * The metadata for a record that has none, because somebody or another program wrote it. Its lifetime starts now.
 * @param at the Unix time now, in seconds
 */
export function absentMetadata(at: number): RecordMetadata {
  return { lifetime: 0, created: at, last_access: at }
}

const KEYS = ['lifetime', 'created', 'last_access', 'name', 'rev', 'cookie', 'limit', 'user', 'rotated']
const KEYS_OF_PARTS = ['maxAge', 'lifetime', 'from', 'id', 'handle', 'at', 'until']

/** Hides properties that somebody has put on `Object.prototype`, so that they are not read as metadata. */
export function hideInherited(metadata: Record<string, unknown>): void {
  if (Object.getPrototypeOf(metadata) === Object.prototype && !isPolluted()) return
  hide(metadata, KEYS)
  for (const part of [metadata.cookie, metadata.limit, metadata.user]) if (isObject(part)) hide(part, KEYS_OF_PARTS)
}

/**
 * Whether `Object.prototype` has one of the keys of metadata. Each load checks this, and V8 caches these lookups. Checking
 * each key of the metadata instead would cost ten times as much.
 */
function isPolluted(): boolean {
  const inherited = Object.prototype
  return (
    'lifetime' in inherited ||
    'created' in inherited ||
    'last_access' in inherited ||
    'name' in inherited ||
    'rev' in inherited ||
    'cookie' in inherited ||
    'limit' in inherited ||
    'user' in inherited ||
    'rotated' in inherited ||
    'maxAge' in inherited ||
    'from' in inherited ||
    'id' in inherited ||
    'handle' in inherited ||
    'at' in inherited ||
    'until' in inherited
  )
}

function hide(object: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) if (key in object && !Object.hasOwn(object, key)) setOwn(object, key, undefined)
}

/** @param metadata without inherited properties */
export function isMetadata(metadata: Record<string, unknown>): metadata is RecordMetadata {
  const { created, last_access, name, cookie, limit, user, rotated } = metadata
  return (
    isTime(created) &&
    isTime(last_access) &&
    (name === undefined || typeof name === 'string') &&
    (cookie === undefined || isCookie(cookie)) &&
    (limit === undefined || isLimit(limit)) &&
    (user === undefined || isUser(user)) &&
    (rotated === undefined || isRotated(rotated))
  )
}

function isRotated(value: unknown): boolean {
  return Array.isArray(value) && value.every((sealed) => typeof sealed === 'string')
}

/** Checks what `session.options({ maxAge })` stored, because it is written into a header. */
function isCookie(value: unknown): boolean {
  return isObject(value) && (value.maxAge === null || (Number.isSafeInteger(value.maxAge) && Number(value.maxAge) >= 1))
}

/** Checks what `session.options({ lifetime })` stored. */
function isLimit(value: unknown): boolean {
  return isObject(value) && Number.isSafeInteger(value.lifetime) && Number(value.lifetime) >= 1 && isTime(value.from)
}

/** Checks what `session.bindTo()` stored. */
function isUser(value: unknown): boolean {
  if (!isObject(value) || !isTime(value.at) || !isTime(value.until)) return false
  return typeof value.id === 'string' && typeof value.handle === 'string'
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
