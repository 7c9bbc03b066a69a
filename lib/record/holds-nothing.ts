/** Whether each value is an empty object or an empty array: data that tell nothing. */
export function holdsNothing(data: object): boolean {
  return Object.values(data).every(isEmptyContainer)
}

function isEmptyContainer(value: unknown): boolean {
  try {
    return isEmptyPlain(value)
  } catch {
    // A Proxy that throws says something: that it cannot be stored.
    return false
  }
}

function isEmptyPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) return false
  // A Date, a Map or a class's instance says something without having keys.
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
