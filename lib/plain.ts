// Runs for each load and each commit, and costs a tenth of what walking lists of keys does: hence `for (key in value)`.

/** What `copyPlain` cannot copy so that `isSamePlain` can tell whether it has changed. */
const NOT_PLAIN = Symbol('not plain')

type Plain = Record<string, unknown>

/**
 * A copy of objects, lists and simple values, all the way down.
 * @returns `undefined` when there is anything else in it, such as a Date
 */
export function copyPlain<T extends object>(value: T): T | undefined {
  const copied = copy(value)
  return copied === NOT_PLAIN ? undefined : (copied as T)
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    // A list with gaps, or with keys besides its elements, could change without looking as if it had.
    if (Object.keys(value).length !== value.length || value.includes(undefined)) return NOT_PLAIN
    const list = value.map(copy)
    return list.includes(NOT_PLAIN) ? NOT_PLAIN : list
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return NOT_PLAIN
  const plain: Plain = {}
  for (const key in value) {
    const inner = copy((value as Plain)[key])
    // An assignment to `__proto__` makes no key.
    if (inner === NOT_PLAIN || key === '__proto__') return NOT_PLAIN
    plain[key] = inner
  }
  return plain
}

/**
 * Whether the value is what it was, for any serializer: `true` only if there is nothing else about it, neither a key nor
 * a symbol nor a class.
 * @param copied what `copyPlain` has made of it
 */
export function isSamePlain(value: unknown, copied: unknown): boolean {
  if (typeof copied !== 'object' || copied === null) return Object.is(value, copied)
  if (typeof value !== 'object' || value === null || Object.getOwnPropertySymbols(value).length > 0) return false
  return Array.isArray(copied) ? isSameList(value, copied) : isSameObject(value as Plain, copied as Plain)
}

function isSameList(value: object, copied: readonly unknown[]): boolean {
  if (!Array.isArray(value) || value.length !== copied.length || Object.keys(value).length !== copied.length)
    return false
  return copied.every((inner, index) => isSamePlain(value[index], inner))
}

function isSameObject(value: Plain, copied: Plain): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  let more = 0
  for (const _ in value) more++
  for (const key in copied) {
    more--
    if (!(key in value && isSamePlain(value[key], copied[key]))) return false
  }
  return more === 0
}
