// `Object.prototype` may hold anything: a library that merges objects without care puts keys of a request there.

/** To be called as `isOwn.call(object, key)` in a `for (key in object)`: V8 leaves it out, but not `Object.hasOwn()`. */
export const isOwn = Object.prototype.hasOwnProperty

/** The value of an own property; `undefined` where it would be inherited. */
export function own<T extends object, K extends keyof T>(object: T, key: K): T[K] | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Makes an own property where an assignment might not: the key may be `__proto__`, or `Object.prototype` frozen. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key in object) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** A copy of an object's own properties. It inherits nothing, so a property that is absent stays absent. */
export function ownCopy<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object)
}
