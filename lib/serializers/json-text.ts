import { scan } from 'secure-json-parse'
import { reviveDates } from './date-note.ts'

/** Matches each spelling of `__proto__` and `constructor`: plain, or with at least one letter escaped. */
const SUSPECT = /__proto__|constructor|\\u00[567]/

/** Matches a number that may be too large. JavaScript reads such a number as Infinity, and JSON cannot write Infinity. */
const HUGE_EXPONENT = /[eE]\+?\d{3}/
const MANY_DIGITS = 309

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws `TypeError` if the bytes are not UTF-8 */
export const decodeText = (bytes: Uint8Array): string => decoder.decode(bytes)

/**
 * Parses the JSON of a record.
 * @returns the parsed value. It is not always an object, because anybody may have written the record
 * @throws `SyntaxError` if the text is not JSON, `RangeError` if a number is too large for JavaScript
 */
export function parseText(text: string): Record<string, unknown> {
  const record = JSON.parse(text)
  if (SUSPECT.test(text)) removePollution(record)
  if (HUGE_EXPONENT.test(text) || hasManyDigits(text)) refuseInfinity(record)
  reviveDates(record)
  return record
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Whether the text has 309 digits in a row. Such a run covers each 309th character, so the search looks only there. */
function hasManyDigits(text: string): boolean {
  for (let at = MANY_DIGITS - 1; at < text.length; at += MANY_DIGITS) {
    if (!isDigit(text.charCodeAt(at))) continue
    let from = at
    let to = at + 1
    while (from > 0 && isDigit(text.charCodeAt(from - 1))) from--
    while (to - from < MANY_DIGITS && isDigit(text.charCodeAt(to))) to++
    if (to - from >= MANY_DIGITS) return true
  }
  return false
}

function removePollution(record: unknown): void {
  if (typeof record !== 'object' || record === null) return
  for (const value of Object.values(record)) {
    if (typeof value === 'object' && value !== null) scan(value, { protoAction: 'remove', constructorAction: 'remove' })
  }
}

/** Throws if there is an Infinity in the record. It uses no recursion, because the record may be nested to any depth. */
function refuseInfinity(record: unknown): void {
  const open: object[] = [[record]]
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const values: readonly unknown[] = Array.isArray(holder) ? holder : Object.values(holder)
    for (const value of values) {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a number is too large')
      if (typeof value === 'object' && value !== null) open.push(value)
    }
  }
}
