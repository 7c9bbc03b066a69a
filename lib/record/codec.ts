import { types } from 'node:util'
import type { Serializer } from '../../types/serializer.ts'
import { setOwn } from '../base/own.ts'
import { disown } from '../checks/answers.ts'
import { isDeeperThan, isTreeDeeperThan, MAX_DEPTH, tooDeep } from '../checks/depth.ts'
import { withoutText } from '../checks/without-secrets.ts'
import { isInstance, SessionSerializeError } from '../errors.ts'
import {
  absentMetadata,
  hideInherited,
  isMetadata,
  METADATA_KEY,
  metadataText,
  type RecordMetadata
} from '../metadata.ts'
import { JsonSerializer } from '../serializers/json.ts'
import { datesIn } from '../serializers/json-data.ts'
import { decodeText, parseText } from '../serializers/json-text.ts'
import { snapshotOf } from './changed.ts'
import type { Body, Data, RecordForm, Unusable } from './record.ts'

/** In bytes. A larger record has no snapshot, because listing a million integer keys takes longer than parsing them. */
const LARGE = 2 ** 18

export type Parsed =
  | {
      readonly ok: true
      readonly record: RecordForm
      readonly data: Data
      /** `undefined`: the data are too large, or hold more than objects, lists, Dates and simple values. */
      readonly snapshot: Data | undefined
      readonly metadata: RecordMetadata
    }
  /** `lifetime` is set for a record of another cookie. It is the lifetime in that cookie's registration, in seconds. */
  | { readonly ok: false; readonly reason: Unusable; readonly lifetime?: number }

const NO_METADATA: RecordMetadata = { lifetime: 0, created: 0, last_access: 0 }

const unusable = (reason: Unusable): Parsed => ({ ok: false, reason })

/** Turns data and metadata into the bytes of a record and back. */
export class RecordCodec {
  readonly #serializer: Serializer
  /** The serializer is JsonSerializer itself, so the codec makes and reads the text without calling it. */
  readonly isJson: boolean
  readonly #cookieName: string

  constructor(serializer: Serializer, cookieName: string) {
    this.#serializer = serializer
    this.isJson = isJsonSerializer(serializer)
    this.#cookieName = cookieName
  }

  /**
   * Serializes the data.
   * @param metadata the metadata that the data were loaded with. A serializer that makes bytes needs some
   * @throws `FST_SESSION_SERIALIZE`, naming the key
   */
  bodyOf(data: Data, metadata: RecordMetadata = NO_METADATA): Body {
    if (!this.isJson) return { form: this.#serialize(data, metadata), data, dates: null }
    try {
      const own = Object.hasOwn(data, METADATA_KEY) ? copyOf(data) : data
      const dates = datesIn(own)
      return { form: JSON.stringify(own), data, dates }
    } catch (error) {
      throw this.#blame(data, error)
    }
  }

  /**
   * The record of the data with these metadata. In JSON the metadata come last, so the data are not serialized again.
   * @throws `FST_SESSION_SERIALIZE`
   */
  complete({ form, data, dates }: Body, metadata: RecordMetadata): RecordForm {
    if (typeof form !== 'string') return this.#serialize(data, metadata)
    const text = dates === null ? metadataText(metadata) : JSON.stringify({ ...metadata, dates })
    return `${form.slice(0, -1)}${form === '{}' ? '' : ','}"${METADATA_KEY}":${text}}`
  }

  /** @throws `FST_SESSION_SERIALIZE` */
  recordOf(data: Data, metadata: RecordMetadata): RecordForm {
    return this.isJson ? this.complete(this.bodyOf(data), metadata) : this.#serialize(data, metadata)
  }

  #serialize(data: Data, metadata: RecordMetadata): Uint8Array {
    try {
      // Other serializers may accept data that are nested deeper than any load accepts.
      if (isDeeperThan(data, MAX_DEPTH)) throw new SessionSerializeError(tooDeep(data, MAX_DEPTH))
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
    // Text or a promise would reach the store, and the error would blame the store.
    disown(bytes)
    throw new SessionSerializeError('serialize() must return a Uint8Array')
  }

  #deserialized(bytes: Uint8Array): unknown {
    const record: unknown = this.#serializer.deserialize(bytes)
    disown(record)
    return record
  }

  /**
   * The data of a record that `complete` has made, in the form in which a store gives them back.
   * @throws `FST_SESSION_SERIALIZE`
   */
  restore(record: RecordForm): Data {
    try {
      const restored = typeof record === 'string' ? parseText(record) : this.#deserialized(record)
      if (isPlainObject(restored)) return copyOf(restored)
    } catch (error) {
      throw new SessionSerializeError('the serializer cannot read its own output: see the cause', {
        cause: withoutText(error)
      })
    }
    throw new SessionSerializeError('deserialize() must return an object for the output of serialize()')
  }

  /** The data in the form in which a store would give them back. No part of them is shared with the body. */
  dataOf(body: Body): Data {
    return this.restore(body.dates === null ? body.form : this.complete(body, NO_METADATA))
  }

  /** A copy of the data in the form in which a store would give them back. */
  copy(data: Data): Data {
    return this.dataOf(this.bodyOf(data))
  }

  /** Never throws. Bytes that are not a session give a reason instead. */
  parse(bytes: Uint8Array, at: number): Parsed {
    try {
      if (!this.isJson) return this.#parsed(this.#deserialized(bytes), bytes, at, bytes.byteLength)
      const text = decodeText(bytes)
      return this.#parsed(parseText(text), text, at, bytes.byteLength)
    } catch {
      return unusable('unparsable')
    }
  }

  #parsed(record: unknown, form: RecordForm, at: number, size: number): Parsed {
    if (!isPlainObject(record)) return unusable('not-an-object')
    const metadata = Object.hasOwn(record, METADATA_KEY) ? record[METADATA_KEY] : absentMetadata(at)
    const data = this.#withoutMetadata(record)
    const isTooDeep = this.isJson ? isTreeDeeperThan : isDeeperThan
    const snapshot = size > LARGE ? undefined : snapshotOf(data, MAX_DEPTH)
    // Data that have a snapshot are not too deep.
    if (snapshot === undefined && isTooDeep(data, MAX_DEPTH)) return unusable('too-deep')
    if (!isPlainObject(metadata)) return unusable('bad-metadata')
    if (isTooDeep(metadata, MAX_DEPTH - 1)) return unusable('too-deep')
    hideInherited(metadata)
    if (!isMetadata(metadata)) return unusable('bad-metadata')
    if (metadata.name !== undefined && metadata.name !== this.#cookieName) {
      const { lifetime } = metadata
      const isKnown = Number.isSafeInteger(lifetime) && lifetime >= 0
      return { ok: false, reason: 'other-cookie', ...(isKnown && { lifetime }) }
    }
    return { ok: true, record: form, data, snapshot, metadata }
  }

  #withoutMetadata(record: Data): Data {
    // Another serializer may keep the object that it returns, so that object stays as it is.
    if (!this.isJson) return copyOf(record)
    delete record[METADATA_KEY]
    return record
  }

  /** The largest keys with their sizes, for the error about data that do not fit. */
  largestKeys(data: Data, count = 3): string {
    return Object.keys(data)
      .map((key) => ({ key, bytes: this.#sizeOf({ [key]: data[key] }) }))
      .filter(({ bytes }) => bytes > 0)
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, count)
      .map(({ key, bytes }) => `${JSON.stringify(key)} (${bytes} bytes)`)
      .join(', ')
  }

  /** A serializer may refuse a key without the others. Then the list of the largest keys leaves that key out. */
  #sizeOf(data: Data): number {
    try {
      return this.#bytesOf(data).byteLength
    } catch {
      return 0
    }
  }

  /** Other serializers rarely say which key they refuse, so try each key alone. */
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
 * The data without the metadata. A loop copies them, because V8 makes a hidden class for each spread of an object with
 * other keys. That class, and everything that refers to it, would stay in memory until a full collection.
 */
export function copyOf(record: Data): Data {
  const data: Data = {}
  for (const key of Object.keys(record)) {
    if (key !== METADATA_KEY) setOwn(data, key, record[key])
  }
  return data
}

const { serialize: ourSerialize, deserialize: ourDeserialize } = JsonSerializer.prototype

/** Whether nobody has extended the class, replaced a method or put a Proxy before the object. */
function isJsonSerializer(serializer: Serializer): boolean {
  const hasOurMethods = serializer.serialize === ourSerialize && serializer.deserialize === ourDeserialize
  return hasOurMethods && serializer.constructor === JsonSerializer && !types.isProxy(serializer)
}

/** Lists, Maps and promises do not count. Their keys are not their data, so they would pass for an empty record. */
function isPlainObject(value: unknown): value is Data {
  return Object.prototype.toString.call(value) === '[object Object]'
}
