import { SessionOptionsError } from '../errors.ts'
import { nearest } from '../nearest.ts'

/**
 * Refuses options that a store does not have: a misspelt one would silently leave its default in place.
 * @param owner the store's class, for the message
 */
export function checkOptionNames(owner: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new SessionOptionsError(`${owner}: the options must be an object, with ${known.join(', ')}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const message = `unknown option "${name}": did you mean "${nearest(name, known)}"? Known are ${known.join(', ')}`
    throw new SessionOptionsError(`${owner}: ${message}`)
  }
}

/** @returns the value; the fallback only for `undefined` */
export function positiveInteger(
  owner: string,
  name: string,
  value: number | undefined,
  fallback: number,
  most = Number.MAX_SAFE_INTEGER
): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? 'a positive integer' : `an integer from 1 to ${most}`
  throw new SessionOptionsError(`${owner}: ${name} must be ${range}`)
}
