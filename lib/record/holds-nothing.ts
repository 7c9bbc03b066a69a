/** Whether the data hold nothing but empty objects and empty arrays. */
export function holdsNothing(data: object): boolean {
  return Object.values(data).every(isEmptyContainer)
}

function isEmptyContainer(value: unknown): boolean {
  try {
    return isEmptyPlain(value)
  } catch {
    // A Proxy that throws counts as data, so that the commit says that it cannot be stored.
    return false
  }
}

function isEmptyPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) return false
  // A Date, a Map or an instance of a class holds something even without keys.
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
