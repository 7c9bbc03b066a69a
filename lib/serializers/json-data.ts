import { types } from 'node:util'
import { MAX_DEPTH } from '../checks/depth.ts'
import { withoutText } from '../checks/without-secrets.ts'
import { isInstance, SessionSerializeError } from '../errors.ts'
import { ClassWarning, isOfClass } from './class-warning.ts'
import { pointerTo } from './date-note.ts'

const REMOVED = 'could write through a prototype, and would be removed when it is loaded: use another key'
const UNREADABLE = 'cannot be read: a getter, a toJSON() or a Proxy in it throws'

type Key = string | number

/** One warning for the whole process. */
const classWarning = new ClassWarning()

/**
 * Walks the data in the same way as JSON.stringify().
 * @returns JSON Pointers to the Dates, or `null` if there are none
 * @throws `SessionSerializeError` for the first value that JSON or the next load would drop or change
 */
export function datesIn(data: object): readonly string[] | null {
  const walk = new Walk()
  try {
    walk.enter(data)
    return walk.dates
  } catch (error) {
    throw isInstance(error, SessionSerializeError) ? error : walk.fault(UNREADABLE, withoutText(error))
  }
}

class Walk {
  readonly #parents: object[] = []
  /** The current key in each of the parents. Entries beyond the number of parents are left from earlier and have no meaning. */
  readonly #keys: Key[] = []
  /** Objects whose `toJSON()` was called on the way to the current value. */
  readonly #converted: object[] = []
  dates: string[] | null = null

  enter(holder: object): void {
    if (this.#parents.includes(holder)) throw this.#cycle()
    if (this.#parents.length >= MAX_DEPTH)
      throw this.fault(`is nested deeper than ${MAX_DEPTH} levels: store less nested data`)
    const isList = Array.isArray(holder)
    if (!isList) this.#refuseInstance(holder)
    if (Object.getOwnPropertySymbols(holder).length > 0) throw this.fault('has a symbol for a key: use text')
    if (isList && Object.keys(holder).length > holder.length) {
      throw this.fault('is an array with keys besides its elements: store them beside it')
    }
    if (isOfClass(holder)) this.#warn(holder, 'a plain one')
    this.#parents.push(holder)
    if (isList) this.#list(holder)
    else this.#object(holder as Record<string, unknown>)
    this.#parents.pop()
  }

  #list(list: readonly unknown[]): void {
    const at = this.#parents.length - 1
    for (let index = 0; index < list.length; index++) {
      this.#keys[at] = index
      this.#look(list[index], index)
    }
  }

  #object(object: Record<string, unknown>): void {
    const at = this.#parents.length - 1
    for (const key of Object.keys(object)) {
      this.#keys[at] = key
      const value = object[key]
      if (at > 0 && key === '__proto__' && value !== undefined) throw this.fault(REMOVED)
      this.#look(value, key)
    }
  }

  #look(value: unknown, key: Key): void {
    switch (typeof value) {
      case 'object':
        if (value === null) return
        if (hasToJSON(value)) this.#convert(value, key)
        else this.#lookInto(value, key)
        return
      case 'number':
        if (!Number.isFinite(value)) throw this.fault(`holds ${value}: JSON has no such number, use null`)
        return
      case 'undefined':
        // JSON leaves out a key that holds undefined, which changes nothing. But in a list JSON writes null.
        if (typeof key === 'number') throw this.fault('holds undefined: in a list, use null')
        return
      case 'bigint':
        throw this.fault('holds a BigInt: convert it to text')
      case 'function':
      case 'symbol':
        throw this.fault(`holds a ${typeof value}: a session keeps data only`)
    }
  }

  #lookInto(value: object, key: Key): void {
    if (key === 'constructor' && this.#parents.length > 1 && Object.hasOwn(value, 'prototype')) {
      throw this.fault(REMOVED)
    }
    this.enter(value)
  }

  #convert(value: object & { toJSON(key: string): unknown }, key: Key): void {
    if (ArrayBuffer.isView(value)) this.#refuseInstance(value)
    if (this.#converted.includes(value)) throw this.#cycle()
    const json = value.toJSON(String(key))
    if (types.isDate(value) && this.#isNoted(value, json)) return
    this.#warn(value, 'what its toJSON() returns')
    this.#converted.push(value)
    if (typeof json === 'object' && json !== null) this.#lookInto(json, key)
    else this.#look(json, key)
    this.#converted.pop()
  }

  /** Whether this Date goes into the note. If its `toJSON()` returns something else, that is stored instead. */
  #isNoted(date: Date, json: unknown): boolean {
    if (Number.isNaN(date.getTime())) throw this.fault('holds an invalid Date: use null')
    if (json !== date.toISOString()) return false
    if (Object.keys(date).length > 0) throw this.fault('is a Date with keys of its own: store them beside it')
    if (Object.getPrototypeOf(date) !== Date.prototype) this.#warn(date, 'a plain Date')
    this.dates ??= []
    this.dates.push(pointerTo(this.#path()))
    return true
  }

  #refuseInstance(value: object): void {
    const tag = Object.prototype.toString.call(value)
    if (tag === '[object Object]') return
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
      throw this.fault("holds bytes: store text, such as `Buffer.from(bytes).toString('base64')`")
    }
    throw this.fault(`holds an instance of ${tag.slice(8, -1)}: convert it, or use a serializer that keeps it`)
  }

  #warn(value: object, back: string): void {
    classWarning.give(value, back, () => spelled(this.#path()))
  }

  #path(): readonly Key[] {
    return this.#keys.slice(0, this.#parents.length)
  }

  #cycle(): Error {
    const path = this.#path()
    const end = path.length > 1 ? `${JSON.stringify(spelled(path))} leads back` : 'it leads back'
    return describe(path.slice(0, 1), `holds a cycle: ${end} to what contains it. Store an id there`)
  }

  fault(what: string, cause?: Error): Error {
    return describe(this.#path(), what, cause)
  }
}

function describe(path: readonly Key[], what: string, cause?: Error): Error {
  const whose = path.length === 0 ? 'the record' : `key ${JSON.stringify(spelled(path))}`
  return new SessionSerializeError(`${whose} ${what}`, { cause })
}

function spelled(path: readonly Key[]): string {
  const steps = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
  return steps.join('').replace(/^\./, '')
}

function hasToJSON(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}
