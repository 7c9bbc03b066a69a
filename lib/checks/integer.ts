import { SessionOptionsError } from '../errors.ts'

/**
 * Checks an option that must be a positive integer.
 * @returns the value, or the fallback if the value is `undefined`
 * @throws `SessionOptionsError`
 */
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
