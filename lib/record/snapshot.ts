import { types } from 'node:util'
import { isOwn } from '../own.ts'

// Runs for each load and each commit, and costs a tenth of what walking lists of keys does: hence `for (key in value)`.

/** What `copyPlain` cannot copy so that `isSamePlain` can tell whether it has changed. */
const NOT_PLAIN = Symbol('not plain')

/** Larger data are compared by what they are serialized to. An object in several places counts in each of them. */
const MOST_OBJECTS = 100_000

type Plain = Record<string, unknown>

/** How many objects and lists the copy that is being made may still hold. */
let room = 0

/**
 * A copy of objects, lists, Dates and simple values, all the way down.
 * @param levels how deep objects and lists may be nested, the value included
 * @returns `undefined` when there is anything else in it, such as a Map, or when it is deeper or too large
 */
export function copyPlain<T extends object>(value: T, levels: number): T | undefined {
  room = MOST_OBJECTS
  const copied = copy(value, levels)
  return copied === NOT_PLAIN ? undefined : (copied as T)
}

function copy(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Date.prototype && types.isDate(value)) return new Date(value.getTime())
  if (levels === 0 || --room < 0) return NOT_PLAIN
  if (Array.isArray(value)) return copyList(value, levels)
  if (prototype !== Object.prototype) return NOT_PLAIN
  const plain: Plain = {}
  for (const key in value) {
    if (!isOwn.call(value, key)) continue
    const inner = copy((value as Plain)[key], levels - 1)
    // An assignment to `__proto__` makes no key.
    if (inner === NOT_PLAIN || key === '__proto__') return NOT_PLAIN
    plain[key] = inner
  }
  return plain
}

function copyList(value: readonly unknown[], levels: number): unknown {
  const list: unknown[] = []
  for (const item of value) {
    const inner = copy(item, levels - 1)
    // A gap would look like `undefined`, and could be filled without looking as if it had.
    if (inner === NOT_PLAIN || inner === undefined) return NOT_PLAIN
    list.push(inner)
  }
  return list
}

/**
 * Whether the value is what it was, for any serializer: `true` only if there is nothing else about it, neither a key nor
 * a symbol nor a class. What cannot be read, because a getter or a Proxy throws, is not what it was.
 * @param copied what `copyPlain` has made of it
 */
export function isSamePlain(value: unknown, copied: unknown): boolean {
  try {
    return isSame(value, copied)
  } catch {
    return false
  }
}

function isSame(value: unknown, copied: unknown): boolean {
  if (typeof copied !== 'object' || copied === null) return Object.is(value, copied)
  if (typeof value !== 'object' || value === null || Object.getOwnPropertySymbols(value).length > 0) return false
  if (Array.isArray(copied)) return isSameList(value, copied)
  return copied instanceof Date ? isSameDate(value, copied) : isSameObject(value as Plain, copied as Plain)
}

function isSameList(value: object, copied: readonly unknown[]): boolean {
  if (!Array.isArray(value) || value.length !== copied.length || Object.keys(value).length !== copied.length)
    return false
  return copied.every((inner, index) => isSame(value[index], inner))
}

function isSameDate(value: object, copied: Date): boolean {
  if (!types.isDate(value) || Object.getPrototypeOf(value) !== Date.prototype) return false
  return Object.keys(value).length === 0 && Object.is(value.getTime(), copied.getTime())
}

function isSameObject(value: Plain, copied: Plain): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let more = 0
  for (const key in value) if (isOwn.call(value, key)) more++
  for (const key in copied) {
    if (!isOwn.call(copied, key)) continue
    more--
    if (!(isOwn.call(value, key) && isSame(value[key], copied[key]))) return false
  }
  return more === 0
}
