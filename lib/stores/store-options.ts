import { SessionOptionsError } from '../errors.ts'

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
