import { isObject } from './is-object.ts'
import { own, setOwn } from './own.ts'

/** The key that holds the library's own part of a record. */
export const METADATA_KEY = '__metadata__'

/** What `session.options({ lifetime })` set: so many seconds, from that moment on. */
export interface Limit {
  readonly lifetime: number
  readonly from: number
}

/** A record's metadata, under the names it is stored with. Keys that this version does not know are kept. */
export interface RecordMetadata {
  lifetime: number
  created: number
  last_access: number
  /** The cookie that it was written for. A record by Python's starsessions, or by an older version, names none. */
  name?: string
  rev?: string
  cookie?: { maxAge: number | null }
  limit?: Limit
  /** A tombstone: where the session went, sealed with its old id. */
  rotated?: readonly string[]
  [unknown: string]: unknown
}

/** What `session.options({ maxAge })` left; an own property only. */
export const cookieOf = (metadata: RecordMetadata): RecordMetadata['cookie'] => own(metadata, 'cookie')

/** A record without metadata was written by hand, or by another program: its life begins now. */
export function absentMetadata(at: number): RecordMetadata {
  return { lifetime: 0, created: at, last_access: at }
}

const KEYS = ['lifetime', 'created', 'last_access', 'name', 'rev', 'cookie', 'limit', 'rotated']
const KEYS_OF_PARTS = ['maxAge', 'lifetime', 'from']

/** Takes care that what somebody has put on `Object.prototype` is no metadata. */
export function hideInherited(metadata: Record<string, unknown>): void {
  if (Object.getPrototypeOf(metadata) === Object.prototype && !isPolluted()) return
  hide(metadata, KEYS)
  for (const part of [metadata.cookie, metadata.limit]) if (isObject(part)) hide(part, KEYS_OF_PARTS)
}

/** Each load asks, and V8 remembers the answers: to look for each key in the metadata themselves costs ten times as much. */
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
    'rotated' in inherited ||
    'maxAge' in inherited ||
    'from' in inherited
  )
}

function hide(object: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) if (key in object && !Object.hasOwn(object, key)) setOwn(object, key, undefined)
}

/** @param metadata without inherited properties */
export function isMetadata(metadata: Record<string, unknown>): metadata is RecordMetadata {
  const { created, last_access, name, cookie, limit, rotated } = metadata
  return (
    isTime(created) &&
    isTime(last_access) &&
    (name === undefined || typeof name === 'string') &&
    (cookie === undefined || isCookie(cookie)) &&
    (limit === undefined || isLimit(limit)) &&
    (rotated === undefined || isRotated(rotated))
  )
}

function isRotated(value: unknown): boolean {
  return Array.isArray(value) && value.every((sealed) => typeof sealed === 'string')
}

/** What `session.options({ maxAge })` left: it reaches a header. */
function isCookie(value: unknown): boolean {
  return isObject(value) && (value.maxAge === null || (Number.isSafeInteger(value.maxAge) && Number(value.maxAge) >= 1))
}

/** What `session.options({ lifetime })` left. */
function isLimit(value: unknown): boolean {
  return isObject(value) && Number.isSafeInteger(value.lifetime) && Number(value.lifetime) >= 1 && isTime(value.from)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
