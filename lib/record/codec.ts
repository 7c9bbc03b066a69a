import { types } from 'node:util'
import type { Serializer } from '../../types/serializer.ts'
import { disown } from '../checks/answers.ts'
import { isDeeperThan, tooDeep } from '../checks/depth.ts'
import { withoutText } from '../checks/without-secrets.ts'
import { isInstance, SessionSerializeError } from '../errors.ts'
import { absentMetadata, hideInherited, isMetadata, METADATA_KEY, type RecordMetadata } from '../metadata.ts'
import { setOwn } from '../own.ts'
import { JsonSerializer } from '../serializers/json.ts'
import { copyPlain } from './snapshot.ts'

/** Deeper data are refused: walking them again could overflow the stack (CVE-2025-27152's family). */
const MAX_DEPTH = 100

export type Data = Record<string, unknown>

/** Why stored bytes are not a session. */
export type Unusable =
  | 'undecryptable'
  | 'unparsable'
  | 'not-an-object'
  | 'too-deep'
  | 'bad-metadata'
  | 'other-cookie'
  | 'future'

export type Parsed =
  | {
      readonly ok: true
      readonly data: Data
      /** The same in objects of its own; `undefined` where they hold more than objects, lists, Dates and simple values. */
      readonly copy: Data | undefined
      readonly metadata: RecordMetadata
    }
  /** `lifetime`: that of a record of another cookie, in its own registration; seconds. */
  | { readonly ok: false; readonly reason: Unusable; readonly lifetime?: number }

const NO_METADATA: RecordMetadata = { lifetime: 0, created: 0, last_access: 0 }

const isEqual = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const endsIn = (record: Uint8Array, ending: Uint8Array): boolean => isEqual(record.subarray(-ending.byteLength), ending)

const unusable = (reason: Unusable): Parsed => ({ ok: false, reason })

/** Records: data and metadata to bytes and back, through the serializer. */
export class RecordCodec {
  readonly #serializer: Serializer
  readonly #isJson: boolean
  readonly #cookieName: string
  #ending: { readonly metadata: RecordMetadata; readonly bytes: Uint8Array } | undefined

  constructor(serializer: Serializer, cookieName: string) {
    this.#serializer = serializer
    this.#isJson = serializer.constructor === JsonSerializer
    this.#cookieName = cookieName
  }

  /**
   * The record's bytes, before encryption.
   * @throws `FST_SESSION_SERIALIZE`, naming the key
   */
  serialize(data: Data, metadata: RecordMetadata): Uint8Array {
    try {
      // JsonSerializer looks itself. Whatever others can keep: what is not loaded again must not be stored.
      if (!this.#isJson && isDeeperThan(data, MAX_DEPTH)) throw new SessionSerializeError(tooDeep(data, MAX_DEPTH))
      const record = copyOf(data)
      record[METADATA_KEY] = metadata
      return this.#bytesOf(record)
    } catch (error) {
      throw this.#blame(data, error)
    }
  }

  #bytesOf(record: Data): Uint8Array {
    const bytes: unknown = this.#serializer.serialize(record)
    if (types.isUint8Array(bytes)) return bytes
    // Text, or a promise, would get as far as the store, which would be blamed for it.
    disown(bytes)
    throw new SessionSerializeError('serialize() must return a Uint8Array')
  }

  #deserialized(bytes: Uint8Array): unknown {
    const record: unknown = this.#serializer.deserialize(bytes)
    disown(record)
    return record
  }

  /**
   * The data of a record that `serialize` has made, as they come back from a store.
   * @throws `FST_SESSION_SERIALIZE`
   */
  restore(record: Uint8Array): Data {
    try {
      const restored = this.#deserialized(record)
      if (isObject(restored)) return copyOf(restored)
    } catch (error) {
      throw new SessionSerializeError('the serializer cannot read what it has written: see the cause', {
        cause: withoutText(error)
      })
    }
    throw new SessionSerializeError('deserialize() must return an object for what serialize() has written')
  }

  /** The data as they would come back from a store. */
  copy(data: Data): Data {
    return this.restore(this.serialize(data, NO_METADATA))
  }

  /**
   * Whether two records hold the same data.
   * @param record one that `serialize` has made, with the other one's metadata
   */
  isSame(record: Uint8Array, stored: { readonly record: Uint8Array; readonly metadata: RecordMetadata }): boolean {
    return isEqual(record, stored.record) || isEqual(record, this.#normalize(stored.record, stored.metadata))
  }

  /**
   * A record as `serialize` would have made it, so that its spacing or number spelling does not look like a change. One
   * that ends in our spelling of its metadata is one already: only the other, foreign ones are serialized again.
   */
  #normalize(record: Uint8Array, metadata: RecordMetadata): Uint8Array {
    const isOurs = endsIn(record, this.#endingOf(metadata))
    return isOurs ? record : this.serialize(this.restore(record), metadata)
  }

  /**
   * The record with other metadata: without serializing the data again, where they stand in JSON before the metadata.
   * @param record one of `data`, with the metadata `from`
   * @throws `FST_SESSION_SERIALIZE`
   */
  withMetadata(record: Uint8Array, data: Data, from: RecordMetadata, to: RecordMetadata): Uint8Array {
    if (!this.#isJson) return this.serialize(data, to)
    const ending = this.#endingOf(from)
    if (!endsIn(record, ending)) return this.serialize(data, to)
    return Buffer.concat([record.subarray(0, -ending.byteLength), this.#endingOf(to)])
  }

  /** The last one is kept: a commit asks for the same twice, and metadata are replaced, never changed in place. */
  #endingOf(metadata: RecordMetadata): Uint8Array {
    if (this.#ending?.metadata !== metadata) this.#ending = { metadata, bytes: this.#newEnding(metadata) }
    return this.#ending.bytes
  }

  /** What a record ends in. */
  #newEnding(metadata: RecordMetadata): Uint8Array {
    if (this.#isJson) return Buffer.from(`"${METADATA_KEY}":${JSON.stringify(metadata)}}`)
    return this.serialize({}, metadata).subarray(1)
  }

  /** Hostile bytes are not an exception: they have a reason. */
  parse(bytes: Uint8Array, at: number): Parsed {
    try {
      return this.#parsed(this.#deserialized(bytes), at)
    } catch {
      return unusable('unparsable')
    }
  }

  #parsed(record: unknown, at: number): Parsed {
    if (!isObject(record)) return unusable('not-an-object')
    const data = copyOf(record)
    const copy = copyPlain(data, MAX_DEPTH)
    // What was copied is not deeper: only the rest is walked once more.
    if (copy === undefined && isDeeperThan(data, MAX_DEPTH)) return unusable('too-deep')
    const metadata = Object.hasOwn(record, METADATA_KEY) ? record[METADATA_KEY] : absentMetadata(at)
    if (!isObject(metadata)) return unusable('bad-metadata')
    if (isDeeperThan(metadata, MAX_DEPTH - 1)) return unusable('too-deep')
    hideInherited(metadata)
    if (!isMetadata(metadata)) return unusable('bad-metadata')
    if (metadata.name !== undefined && metadata.name !== this.#cookieName) {
      const { lifetime } = metadata
      const isKnown = Number.isSafeInteger(lifetime) && lifetime >= 0
      return { ok: false, reason: 'other-cookie', ...(isKnown && { lifetime }) }
    }
    return { ok: true, data, copy, metadata }
  }

  /** The largest keys with their sizes, for an error that says what does not fit. */
  largestKeys(data: Data, count = 3): string {
    return Object.keys(data)
      .map((key) => ({ key, bytes: this.#sizeOf({ [key]: data[key] }) }))
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, count)
      .map(({ key, bytes }) => `${JSON.stringify(key)} (${bytes} bytes)`)
      .join(', ')
  }

  /** A serializer may refuse a key that stands alone: that must not hide what does not fit. */
  #sizeOf(data: Data): number {
    try {
      return this.#bytesOf(data).byteLength
    } catch {
      return 0
    }
  }

  /** A serializer of somebody else's rarely says which key it choked on. */
  #blame(data: Data, error: unknown): Error {
    if (isInstance(error, SessionSerializeError)) return error
    const key = Object.keys(data).find((name) => {
      try {
        const alone = { [name]: data[name] }
        isDeeperThan(alone, MAX_DEPTH)
        this.#bytesOf(alone)
        return false
      } catch {
        return true
      }
    })
    const what = key === undefined ? 'its data' : `key ${JSON.stringify(key)}`
    return new SessionSerializeError(`the serializer refuses ${what}, or cannot read it: see the cause`, {
      cause: withoutText(error)
    })
  }
}

/**
 * The data, without the metadata. By hand: each spread of an object with other keys makes V8 a hidden class, which stays
 * in memory, and whatever then refers to it, until a full collection.
 */
export function copyOf(record: Data): Data {
  const data: Data = {}
  for (const key of Object.keys(record)) {
    if (key !== METADATA_KEY) setOwn(data, key, record[key])
  }
  return data
}

/** Not a list, a Map or a promise: their keys are not their data, and they would pass for an empty record. */
function isObject(value: unknown): value is Data {
  return Object.prototype.toString.call(value) === '[object Object]'
}
