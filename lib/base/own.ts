// `Object.prototype` may have any property, because some libraries merge keys of a request into it by mistake.

/** Call it as `isOwn.call(object, key)` in `for (key in object)`. V8 optimizes this call away, but not `Object.hasOwn()`. */
export const isOwn = Object.prototype.hasOwnProperty

/** The value of an own property. An inherited property counts as `undefined`. */
export function own<T extends object, K extends keyof T>(object: T, key: K): T[K] | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** Reads a member from the object or its class. Returns `undefined` if only `Object.prototype` has the member. */
export function member<T extends object, K extends keyof T>(object: T, key: K): T[K] | undefined {
  if (!(key in Object.prototype)) return object[key]
  for (let from = object; from !== null && from !== Object.prototype; from = Object.getPrototypeOf(from)) {
    if (Object.hasOwn(from, key)) return object[key]
  }
  return undefined
}

/** Sets an own property. An assignment would fail for the key `__proto__`, or if `Object.prototype` is frozen. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key in object) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** A copy of an object's own properties, without a prototype. So a property that is missing in it reads as `undefined`. */
export function ownCopy<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object)
}
