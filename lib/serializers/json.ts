import { types } from 'node:util'
import type { Serializer } from '../../types/serializer.ts'
import { SessionSerializeError } from '../errors.ts'
import { isOwn, own, setOwn } from '../own.ts'

/** Levels of objects and arrays, the record included: deeper ones are refused when a record is loaded. */
const MAX_DEPTH = 100

/** Every spelling of `__proto__` and `constructor`: as they are, or with at least one of their letters escaped. */
const SUSPECT = /__proto__|constructor|\\u00[567]/

/** What may be a number that no double holds: it would be read as Infinity, which JSON cannot write. */
const HUGE_EXPONENT = /[eE]\+?\d{3}/
const MANY_DIGITS = 309

const REMOVED = 'could write through a prototype, and would be removed when it is loaded'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Serializes data to JSON (RFC 8259) in UTF-8. starsessions' default as well, so that Python reads what it writes.
 *
 * Data that JSON would drop or change fail, with the name of the key. An object with `toJSON` (a Date, a Buffer, a URL)
 * is stored as what that returns, and comes back as that; an object of a class of its own comes back as a plain object.
 */
export class JsonSerializer implements Serializer {
  /** @throws `SessionSerializeError` which names the key and what it holds, never the value */
  serialize(data: object): Uint8Array {
    const fault = faultIn(data, [])
    if (fault !== undefined) throw new SessionSerializeError(describe(fault))
    return Buffer.from(JSON.stringify(data))
  }

  /**
   * Below the top level, own `__proto__` keys and a `constructor` with a `prototype` are removed: whatever merges the
   * data later would write through them.
   *
   * @returns what the text says; that need not be an object
   * @throws `TypeError` when the bytes are not UTF-8, `SyntaxError` when they are not JSON, `RangeError` when a number is
   *   too large for JavaScript
   */
  deserialize(data: Uint8Array): Record<string, unknown> {
    const text = decoder.decode(data)
    const record = JSON.parse(text)
    if (SUSPECT.test(text) || HUGE_EXPONENT.test(text) || hasManyDigits(text)) clean(record)
    return record
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Whether there is a run of 309 digits. It holds one of every 309 characters, so only their runs are measured. */
function hasManyDigits(text: string): boolean {
  for (let at = MANY_DIGITS - 1; at < text.length; at += MANY_DIGITS) {
    if (!isDigit(text.charCodeAt(at))) continue
    let from = at
    let to = at + 1
    while (from > 0 && isDigit(text.charCodeAt(from - 1))) from--
    while (to - from < MANY_DIGITS && isDigit(text.charCodeAt(to))) to++
    if (to - from >= MANY_DIGITS) return true
  }
  return false
}

type Node = Record<string, unknown>

/** Looks at each value once, and without recursion: the text may be nested to any depth. */
function clean(record: unknown): void {
  const open: Node[] = []
  for (let node = record as Node | undefined; node !== undefined; node = open.pop()) {
    if (Array.isArray(node))
      for (let index = 0; index < node.length; index++) cleanIn(node as unknown as Node, index, open)
    else for (const key in node) if (isOwn.call(node, key)) cleanIn(node, key, open)
  }
}

function cleanIn(holder: Node, key: string | number, open: Node[]): void {
  const value = holder[key]
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a number is too large')
  if (typeof value !== 'object' || value === null) return
  const kept = withoutPollution(value as Node)
  if (kept !== value) holder[key] = kept
  open.push(kept)
}

/** A copy, where there is anything to remove: `delete` would cost ten times as much. */
function withoutPollution(object: Node): Node {
  const isPolluted = hasPrototype(own(object, 'constructor'))
  if (!isPolluted && !Object.hasOwn(object, '__proto__')) return object
  const kept: Node = {}
  for (const key of Object.keys(object)) {
    if (key !== '__proto__' && !(isPolluted && key === 'constructor')) setOwn(kept, key, object[key])
  }
  return kept
}

const hasPrototype = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')

/** What cannot be kept, and the keys that lead there, the innermost first. They are noted only on the way out. */
interface Fault {
  readonly what: string
  readonly keys: (string | number)[]
}

const newFault = (what: string): Fault => ({ what, keys: [] })

function describe({ what, keys }: Fault): string {
  if (keys.length === 0) return `the record ${what}`
  const path = keys.toReversed().map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
  return `key ${JSON.stringify(path.join('').replace(/^\./, ''))} ${what}`
}

/** Finds the first thing in an object or array that JSON, or loading it again, would drop or change. */
function faultIn(holder: object, parents: object[]): Fault | undefined {
  if (parents.includes(holder)) return newFault('holds an object that contains itself')
  if (parents.length >= MAX_DEPTH) return newFault(`is nested deeper than ${MAX_DEPTH} levels`)
  const isList = Array.isArray(holder)
  const tag = isList ? '' : Object.prototype.toString.call(holder)
  if (!isList && tag !== '[object Object]') {
    return newFault(`holds an instance of ${tag.slice(8, -1)}: convert it, or use a serializer that keeps it`)
  }
  if (Object.getOwnPropertySymbols(holder).length > 0) return newFault('has a symbol for a key')

  parents.push(holder)
  const fault = isList ? faultInArray(holder, parents) : faultInObject(holder, parents)
  parents.pop()
  return fault
}

function faultInArray(array: readonly unknown[], parents: object[]): Fault | undefined {
  for (let index = 0; index < array.length; index++) {
    const fault = faultOf(array[index], index, parents)
    if (fault !== undefined) return under(index, fault)
  }
  return Object.keys(array).length > array.length ? newFault('is an array with keys besides its elements') : undefined
}

function faultInObject(object: object, parents: object[]): Fault | undefined {
  const isNested = parents.length > 1
  for (const key of Object.keys(object)) {
    const value: unknown = (object as Record<string, unknown>)[key]
    const isRemoved = isNested && key === '__proto__' && value !== undefined
    const fault = isRemoved ? newFault(REMOVED) : faultOf(value, key, parents)
    if (fault !== undefined) return under(key, fault)
  }
  return undefined
}

function under(key: string | number, fault: Fault): Fault {
  fault.keys.push(key)
  return fault
}

function faultOf(value: unknown, key: string | number, parents: object[]): Fault | undefined {
  const stored = hasToJSON(value) ? value.toJSON(String(key)) : value
  switch (typeof stored) {
    case 'object':
      if (stored === null) return types.isDate(value) ? newFault('holds an invalid Date: use null') : undefined
      if (key === 'constructor' && parents.length > 1 && Object.hasOwn(stored, 'prototype')) return newFault(REMOVED)
      return faultIn(stored, parents)
    case 'number':
      return Number.isFinite(stored) ? undefined : newFault(`holds ${stored}: JSON has no such number, use null`)
    case 'undefined':
      // JSON leaves a key out, as if it were absent, but has null in a list.
      return typeof key === 'number' ? newFault('holds undefined: in a list, use null') : undefined
    case 'bigint':
      return newFault('holds a BigInt: convert it to text')
    case 'function':
    case 'symbol':
      return newFault(`holds a ${typeof stored}: a session keeps data only`)
    default:
      return undefined
  }
}

function hasToJSON(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
}
