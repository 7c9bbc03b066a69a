/** True for objects, lists and instances of any class. False for `null` and for functions. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
