import { scan } from 'secure-json-parse'
import type { Serializer } from '../../types/serializer.ts'
import { reviveDates, withDates } from './date-note.ts'
import { datesIn } from './json-data.ts'

/** Every spelling of `__proto__` and `constructor`: as they are, or with at least one of their letters escaped. */
const SUSPECT = /__proto__|constructor|\\u00[567]/

/** What may be a number that no double holds: it would be read as Infinity, which JSON cannot write. */
const HUGE_EXPONENT = /[eE]\+?\d{3}/
const MANY_DIGITS = 309

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Serializes data to JSON (RFC 8259) in UTF-8. starsessions' default as well, so that Python reads what it writes.
 *
 * What JSON would drop or change is refused, with the name of the key. A Date comes back as a Date: it is written as text,
 * and a note in the record's metadata says where the Dates are.
 *
 * Two kinds of objects come back as something else, with a warning once a process (not with `NODE_ENV=production`): an
 * instance of a class as a plain object, and an object with `toJSON` as what that returns.
 */
export class JsonSerializer implements Serializer {
  /** @throws `SessionSerializeError` which names the key and what it holds, never the value */
  serialize(data: object): Uint8Array {
    const dates = datesIn(data)
    return Buffer.from(JSON.stringify(dates === null ? data : withDates(data, dates)))
  }

  /**
   * Below the top level, own `__proto__` keys and a `constructor` with a `prototype` are removed: whatever merges the
   * data later would write through them.
   *
   * @returns what the text says; that need not be an object
   * @throws `TypeError` when the bytes are not UTF-8, `SyntaxError` when they are not JSON, `RangeError` when a number is
   *   too large for JavaScript
   */
  deserialize(data: Uint8Array): Record<string, unknown> {
    const text = decoder.decode(data)
    const record = JSON.parse(text)
    if (SUSPECT.test(text)) removePollution(record)
    if (HUGE_EXPONENT.test(text) || hasManyDigits(text)) refuseInfinity(record)
    reviveDates(record)
    return record
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Whether there is a run of 309 digits. It holds one of every 309 characters, so only their runs are measured. */
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

/** Without recursion, because the text may be nested to any depth. */
function refuseInfinity(record: unknown): void {
  const open: unknown[] = [record]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) open.push(inner)
    else if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('a number is too large')
  }
}
