import { isObject } from '../base/is-object.ts'
import { own } from '../base/own.ts'
import { METADATA_KEY } from '../metadata.ts'

// The key `dates` of the metadata is a list of JSON Pointers (RFC 6901) to the texts that were Dates. Another program may
// change the data without updating this note. So the note is only a hint: a text becomes a Date only if it looks like one.

const NOTE = 'dates'

/** The text of a Date (ECMA-262, section 21.4.1.32). It also matches days that do not exist, and 24 o'clock. */
const DATE = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The length of the text of a Date whose year has four digits. */
const ORDINARY = 24

export function pointerTo(keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/**
 * Adds a note of the Dates to a record. Without metadata there is no place for the note, so the record stays as it is.
 * @param pointers JSON Pointers to the Dates
 */
export function withDates(data: object, pointers: readonly string[]): object {
  const metadata = own(data as Record<string, unknown>, METADATA_KEY)
  return isObject(metadata) ? { ...data, [METADATA_KEY]: { ...metadata, [NOTE]: pointers } } : data
}

/**
 * Pointers may lead to nothing, because another program has changed the data. After so many characters of such pointers the
 * rest is ignored. Otherwise a note that an attacker wrote could cost many times as much as parsing it.
 */
const MOST_WASTED = 2 ** 16

/** Turns the texts that the note points to into Dates, and deletes the note. */
export function reviveDates(record: unknown): void {
  const metadata = isObject(record) ? own(record, METADATA_KEY) : undefined
  if (!isObject(metadata) || !Object.hasOwn(metadata, NOTE)) return
  const pointers = metadata[NOTE]
  delete metadata[NOTE]
  if (!Array.isArray(pointers)) return
  let wasted = 0
  for (const pointer of pointers) {
    if (typeof pointer !== 'string' || revive(record as Record<string, unknown>, pointer)) continue
    wasted += pointer.length + 1
    if (wasted > MOST_WASTED) return
  }
}

/**
 * Follows one pointer step by step and stops where it leads nowhere, because an attacker may have written a long one.
 * @returns whether it led to a Date
 */
function revive(record: Record<string, unknown>, pointer: string): boolean {
  let holder: unknown = record
  for (let start = 0; pointer[start] === '/' && isObject(holder); ) {
    const end = pointer.indexOf('/', start + 1)
    const key = unescaped(pointer.slice(start + 1, end === -1 ? undefined : end))
    if (start === 0 && key === METADATA_KEY) return false
    const value = own(holder, key)
    if (end === -1) {
      const date = toDate(value)
      if (date !== undefined) holder[key] = date
      return date !== undefined
    }
    holder = value
    start = end
  }
  return false
}

const unescaped = (key: string): string => (key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key)

/** A text that a Date would not write itself was never a Date, or was changed since. It stays text. */
function toDate(text: unknown): Date | undefined {
  // Checking the text is much cheaper than making a Date, and toISOString() costs even more.
  if (typeof text !== 'string' || !DATE.test(text)) return undefined
  const date = new Date(text)
  const isWhatItWrites =
    text.length === ORDINARY
      ? date.getUTCDate() === Number(text.slice(8, 10)) && !text.startsWith('24', 11)
      : isWrittenAs(date, text)
  return isWhatItWrites ? date : undefined
}

const isWrittenAs = (date: Date, text: string): boolean => !Number.isNaN(date.getTime()) && date.toISOString() === text
