import assert from 'node:assert/strict'
import { inspect, types } from 'node:util'
import type { Replaced } from '../../types/store.ts'

/** Long bytes are cut, because a message of a megabyte helps nobody. */
const shownBytes = (value: Uint8Array): string =>
  `${value.byteLength} bytes ${inspect(Buffer.from(value.subarray(0, 40)).toString('latin1'))}`

const shown = (value: unknown): string =>
  types.isUint8Array(value) ? shownBytes(value) : inspect(value, { depth: 3, breakLength: 100 })

/** @throws `AssertionError` with the reason, which is a whole sentence */
export function expect(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new assert.AssertionError({ message: reason })
}

/**
 * @param what the call, for the message
 * @throws `AssertionError` that names the call and both values
 */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw differs(actual, expected, what)
}

/**
 * Compares bytes, whatever kind of Uint8Array holds them.
 * @throws `AssertionError` that names the call and both values
 */
export function expectBytes(actual: Uint8Array | null, expected: Uint8Array | null, what: string): void {
  expectBytesOrNull(actual, what)
  const isSame = actual === null || expected === null ? actual === expected : Buffer.compare(actual, expected) === 0
  if (!isSame) throw differs(actual, expected, what)
}

/** @throws `AssertionError` if the answer is neither bytes nor `null` */
export function expectBytesOrNull(actual: unknown, what: string): asserts actual is Uint8Array | null {
  expect(
    actual === null || types.isUint8Array(actual),
    `${what}: the answer is ${shown(actual)}, but must be a Uint8Array or null`
  )
}

/** @throws `AssertionError` if `replace` has not replaced the bytes */
export function expectReplaced(answer: Replaced | undefined, what: string): void {
  if (answer?.replaced !== true) throw differs(answer, { replaced: true }, what)
}

/**
 * @param current the bytes that the answer must contain
 * @throws `AssertionError` if `replace` has replaced the bytes, or the answer has other bytes
 */
export function expectRefused(answer: Replaced | undefined, current: Uint8Array | null, what: string): void {
  if (answer?.replaced !== false) throw differs(answer, { replaced: false, current }, what)
  expectBytes(answer.current, current, `${what}, current`)
}

/** The error has the short texts, because test runners print a difference of long bytes line by line. */
function differs(actual: unknown, expected: unknown, what: string): Error {
  const [is, must] = [shown(actual), shown(expected)]
  const message = `${what}: the answer is ${is}, but must be ${must}`
  return new assert.AssertionError({ message, actual: is, expected: must, operator: 'equal' })
}
