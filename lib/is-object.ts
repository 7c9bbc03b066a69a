/** Whether a value has keys of its own to look at: an object, a list or any instance, but not a function and not `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
