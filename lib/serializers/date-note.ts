import { isObject } from '../is-object.ts'
import { METADATA_KEY } from '../metadata.ts'
import { own } from '../own.ts'

// The metadata's `dates` are JSON Pointers (RFC 6901) to the texts that were Dates. Another program may leave the note as
// it is, or drop it, and change the data all the same: so it is a hint, and the text itself decides.

const NOTE = 'dates'

/** What a Date writes (ECMA-262, section 21.4.1.32), but for days that a month does not have, and 24 o'clock. */
const DATE = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The length of a text with a year of four digits. */
const ORDINARY = 24

export function pointerTo(keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/**
 * The record with a note of its Dates.
 * @param data unchanged where it has no metadata: there is no place for a note
 */
export function withDates(data: object, pointers: readonly string[]): object {
  const metadata = own(data as Record<string, unknown>, METADATA_KEY)
  return isObject(metadata) ? { ...data, [METADATA_KEY]: { ...metadata, [NOTE]: pointers } } : data
}

/** Makes Dates of the texts that the note leads to, and takes the note away. */
export function reviveDates(record: unknown): void {
  const metadata = isObject(record) ? own(record, METADATA_KEY) : undefined
  if (!isObject(metadata) || !Object.hasOwn(metadata, NOTE)) return
  const pointers = metadata[NOTE]
  delete metadata[NOTE]
  if (!Array.isArray(pointers)) return
  for (const pointer of pointers) if (typeof pointer === 'string') revive(record as Record<string, unknown>, pointer)
}

/** Step by step, and only as far as it leads: whoever writes the record writes the note, and it may be long. */
function revive(record: Record<string, unknown>, pointer: string): void {
  let holder: unknown = record
  for (let start = 0; pointer[start] === '/' && isObject(holder); ) {
    const end = pointer.indexOf('/', start + 1)
    const key = unescaped(pointer.slice(start + 1, end === -1 ? undefined : end))
    if (start === 0 && key === METADATA_KEY) return
    const value = own(holder, key)
    if (end === -1) {
      const date = toDate(value)
      if (date !== undefined) holder[key] = date
      return
    }
    holder = value
    start = end
  }
}

const unescaped = (key: string): string => (key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key)

/** Only what a Date itself would write: any other text was not one, or is not any more. */
function toDate(text: unknown): Date | undefined {
  // To make a Date costs far more than to look at the text, and to write it costs more still.
  if (typeof text !== 'string' || !DATE.test(text)) return undefined
  const date = new Date(text)
  const isWhatItWrites =
    text.length === ORDINARY
      ? date.getUTCDate() === Number(text.slice(8, 10)) && !text.startsWith('24', 11)
      : isWrittenAs(date, text)
  return isWhatItWrites ? date : undefined
}

const isWrittenAs = (date: Date, text: string): boolean => !Number.isNaN(date.getTime()) && date.toISOString() === text
