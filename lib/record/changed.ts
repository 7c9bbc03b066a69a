import { types } from 'node:util'
import { isOwn } from '../base/own.ts'
import type { RecordMetadata } from '../metadata.ts'
import type { Body, Data, RecordForm, Stored } from './record.ts'

// Has a session changed since it was loaded? Three answers, the cheapest first:
//
// 1. A snapshot of the data, taken when the record is read, is compared with the data. For most sessions, this already
//    says "no".
// 2. The data are serialized. If they were changed, the commit needs that anyway. The same record as before means "no".
// 3. Another program may write the same data in another way, for example `1.0` instead of `1`, or with spaces. Its
//    record is parsed and serialized again, and compared with the result of step 2. Data that have a snapshot need no
//    such step, because the snapshot does not depend on the spelling.

/** The part of the codec that a comparison needs. */
interface Spelling {
  readonly isJson: boolean
  bodyOf(data: Data, metadata: RecordMetadata): Body
  complete(body: Body, metadata: RecordMetadata): RecordForm
  restore(record: RecordForm): Data
}

const isEqual = (one: RecordForm, other: RecordForm): boolean =>
  typeof one === 'string' || typeof other === 'string' ? one === other : Buffer.compare(one, other) === 0

/** Compares the data of sessions with their records. */
export class Changes {
  readonly #codec: Spelling

  constructor(codec: Spelling) {
    this.#codec = codec
  }

  /**
   * @returns the changed data, serialized. `undefined` if nothing has changed
   * @throws `FST_SESSION_SERIALIZE`
   */
  bodyIfChanged(data: Data, stored: Stored): Body | undefined {
    const { snapshot, record, metadata } = stored
    if (snapshot !== undefined && isSamePlain(data, snapshot)) return undefined
    const body = this.#codec.bodyOf(data, metadata)
    if (this.#isRecordOf(body, stored)) return undefined
    if (snapshot !== undefined && this.#codec.isJson) return body
    return this.#isInOurSpelling(stored) ||
      !this.#isSame(body, this.#codec.bodyOf(this.#codec.restore(record), metadata))
      ? body
      : undefined
  }

  #isRecordOf(body: Body, { record, metadata }: Stored): boolean {
    if (typeof record !== 'string') return isEqual(body.form, record)
    return record.startsWith((body.form as string).slice(0, -1)) && record === this.#codec.complete(body, metadata)
  }

  #isSame(one: Body, other: Body): boolean {
    return isEqual(one.form, other.form) && String(one.dates) === String(other.dates)
  }

  /** A record that this library wrote ends in our spelling of its metadata. */
  #isInOurSpelling({ record, metadata }: Stored): boolean {
    const empty = this.#codec.bodyOf({}, metadata)
    if (typeof record === 'string') return record.endsWith((this.#codec.complete(empty, metadata) as string).slice(1))
    const ending = (empty.form as Uint8Array).subarray(1)
    return isEqual(record.subarray(-ending.byteLength), ending)
  }
}

// Each load takes a snapshot, and each commit compares one. With `for (key in value)` both are ten times as fast as
// with a list of keys.

/**
 * `copy()` returns this for a value without a snapshot: a comparison could not tell whether such a value has changed.
 */
const NOT_PLAIN = Symbol('not plain')

/**
 * Data with more values get no snapshot, because serializing them costs no more than copying and comparing them. A
 * value that is in several places counts once for each place.
 */
const MOST_SNAPSHOT_VALUES = 1_000

type Plain = Record<string, unknown>

/** The number of values that still fit into the snapshot that is being taken. */
let room = 0

/**
 * A copy of objects, lists, Dates and simple values, at all depths.
 * @param levels how deep objects and lists may be nested, the value included
 * @returns `undefined` if the value holds anything else, such as a Map, or is deeper or too large
 */
export function snapshotOf<T extends object>(value: T, levels: number): T | undefined {
  room = MOST_SNAPSHOT_VALUES
  const copied = copy(value, levels)
  return copied === NOT_PLAIN ? undefined : (copied as T)
}

function copy(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype && types.isDate(value)) return new Date(value.getTime())
  if (levels === 0) return NOT_PLAIN
  if (Array.isArray(value)) return copyList(value, levels)
  if (prototype !== Object.prototype) return NOT_PLAIN
  const plain: Plain = {}
  for (const key in value) {
    if (!isOwn.call(value, key)) continue
    if (--room < 0) return NOT_PLAIN
    const inner = copy((value as Plain)[key], levels - 1)
    // Assigning to `__proto__` would change the prototype instead of adding a key.
    if (inner === NOT_PLAIN || key === '__proto__') return NOT_PLAIN
    plain[key] = inner
  }
  return plain
}

function copyList(value: readonly unknown[], levels: number): unknown {
  const list: unknown[] = []
  room -= value.length
  if (room < 0) return NOT_PLAIN
  for (const item of value) {
    const inner = copy(item, levels - 1)
    // A gap in a list reads as `undefined`. The comparison would not notice if somebody fills the gap with `undefined`.
    if (inner === NOT_PLAIN || inner === undefined) return NOT_PLAIN
    list.push(inner)
  }
  return list
}

/**
 * Whether the value equals its snapshot so exactly that no serializer sees a difference: the same keys, no symbols, no
 * other class. If a getter or a Proxy throws, the value counts as changed.
 */
export function isSamePlain(value: unknown, snapshot: unknown): boolean {
  try {
    return isSame(value, snapshot)
  } catch {
    return false
  }
}

/**
 * The same for a session, whose data are its own properties. Most requests only read their session, and this comparison
 * needs no copy of the data.
 */
export function isAsLoaded(session: object, snapshot: Data): boolean {
  try {
    return Object.getOwnPropertySymbols(session).length === 0 && hasSameKeys(session as Plain, snapshot)
  } catch {
    return false
  }
}

function isSame(value: unknown, snapshot: unknown): boolean {
  if (typeof snapshot !== 'object' || snapshot === null) return Object.is(value, snapshot)
  if (typeof value !== 'object' || value === null || Object.getOwnPropertySymbols(value).length > 0) return false
  if (Array.isArray(snapshot)) return isSameList(value, snapshot)
  return snapshot instanceof Date ? isSameDate(value, snapshot) : isSameObject(value as Plain, snapshot as Plain)
}

function isSameList(value: object, snapshot: readonly unknown[]): boolean {
  if (!Array.isArray(value) || value.length !== snapshot.length || Object.keys(value).length !== snapshot.length)
    return false
  return snapshot.every((inner, index) => isSame(value[index], inner))
}

function isSameDate(value: object, snapshot: Date): boolean {
  if (!types.isDate(value) || Object.getPrototypeOf(value) !== Date.prototype) return false
  return Object.keys(value).length === 0 && Object.is(value.getTime(), snapshot.getTime())
}

function isSameObject(value: Plain, snapshot: Plain): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && hasSameKeys(value, snapshot)
}

function hasSameKeys(value: Plain, snapshot: Plain): boolean {
  let surplus = 0
  for (const key in value) if (isOwn.call(value, key)) surplus++
  for (const key in snapshot) {
    if (!isOwn.call(snapshot, key)) continue
    surplus--
    if (!(isOwn.call(value, key) && isSame(value[key], snapshot[key]))) return false
  }
  return surplus === 0
}

/** A quick comparison of two sets of properties. It does not look inside values. */
export function hasSameValues(one: Readonly<Data>, other: Readonly<Data>): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
