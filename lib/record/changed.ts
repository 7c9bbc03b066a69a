import { types } from 'node:util'
import { METADATA_KEY, type RecordMetadata } from '../metadata.ts'
import { isOwn } from '../own.ts'
import type { Data, Stored } from './record.ts'

// Has a session changed since it was loaded? Three answers, the cheapest first:
//
// 1. A snapshot of the data, taken when the record is read, is compared with the data. For most sessions, this already
//    says "no".
// 2. The data are serialized with the metadata of the record. Equal bytes mean "no".
// 3. Another program may write the same data in other bytes, for example `1.0` instead of `1`, or with spaces. Its
//    record is parsed and serialized again, and compared with the bytes of step 2.
//
// A record that this library wrote ends in our spelling of its metadata, so step 3 is only for records of other
// programs. Because the metadata come last, a record can get other metadata without serializing its data again.

/** The part of the codec that a comparison needs. */
interface Spelling {
  readonly isJson: boolean
  serialize(data: Data, metadata: RecordMetadata): Uint8Array
  restore(record: Uint8Array): Data
}

const isEqual = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const endsIn = (record: Uint8Array, ending: Uint8Array): boolean => isEqual(record.subarray(-ending.byteLength), ending)

/** Compares the data of sessions with their records. */
export class Changes {
  readonly #codec: Spelling
  #ending: { readonly metadata: RecordMetadata; readonly bytes: Uint8Array } | undefined

  constructor(codec: Spelling) {
    this.#codec = codec
  }

  /**
   * @returns the record of the data. If nothing has changed, this is the same object as the stored record
   * @throws `FST_SESSION_SERIALIZE`
   */
  recordOf(data: Data, stored: Stored): Uint8Array {
    if (stored.snapshot !== undefined && isSamePlain(data, stored.snapshot)) return stored.record
    const record = this.#codec.serialize(data, stored.metadata)
    return isEqual(record, stored.record) || isEqual(record, this.#inOurSpelling(stored)) ? stored.record : record
  }

  #inOurSpelling({ record, metadata }: Stored): Uint8Array {
    const isOurs = endsIn(record, this.#endingOf(metadata))
    return isOurs ? record : this.#codec.serialize(this.#codec.restore(record), metadata)
  }

  /**
   * Gives a record other metadata. In JSON the metadata come last, so only the end of the record changes.
   * @param record made of `data` with the metadata `from`
   * @throws `FST_SESSION_SERIALIZE`
   */
  withMetadata(record: Uint8Array, data: Data, from: RecordMetadata, to: RecordMetadata): Uint8Array {
    const ending = this.#codec.isJson ? this.#endingOf(from) : undefined
    if (ending === undefined || !endsIn(record, ending)) return this.#codec.serialize(data, to)
    return Buffer.concat([record.subarray(0, -ending.byteLength), this.#endingOf(to)])
  }

  /** Keeps the last ending, because a commit needs it twice. Metadata objects never change, so `!==` is enough. */
  #endingOf(metadata: RecordMetadata): Uint8Array {
    if (this.#ending?.metadata !== metadata) this.#ending = { metadata, bytes: this.#newEnding(metadata) }
    return this.#ending.bytes
  }

  #newEnding(metadata: RecordMetadata): Uint8Array {
    if (this.#codec.isJson) return Buffer.from(`"${METADATA_KEY}":${JSON.stringify(metadata)}}`)
    return this.#codec.serialize({}, metadata).subarray(1)
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
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
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
