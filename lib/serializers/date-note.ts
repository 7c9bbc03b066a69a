import { METADATA_KEY } from '../metadata.ts'
import { own } from '../own.ts'

// The metadata's `dates` are JSON Pointers (RFC 6901) to the texts that were Dates. Another program may leave the note as
// it is, or drop it, and change the data all the same: so it is a hint, and the text itself decides.

const NOTE = 'dates'

/** The longest text of a Date: `+275760-09-13T00:00:00.000Z`. */
const LONGEST = 27

type Data = Record<string, unknown>

const isObject = (value: unknown): value is Data => typeof value === 'object' && value !== null

export function pointerTo(keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/**
 * The record with a note of its Dates.
 * @param data unchanged where it has no metadata: there is no place for a note
 */
export function withDates(data: object, pointers: readonly string[]): object {
  const metadata = own(data as Data, METADATA_KEY)
  return isObject(metadata) ? { ...data, [METADATA_KEY]: { ...metadata, [NOTE]: pointers } } : data
}

/** Makes Dates of the texts that the note leads to, and takes the note away. */
export function reviveDates(record: unknown): void {
  const metadata = isObject(record) ? own(record, METADATA_KEY) : undefined
  if (!isObject(metadata) || !Object.hasOwn(metadata, NOTE)) return
  const pointers = metadata[NOTE]
  delete metadata[NOTE]
  if (!Array.isArray(pointers)) return
  for (const pointer of pointers) if (typeof pointer === 'string') revive(record as Data, pointer)
}

function revive(record: Data, pointer: string): void {
  const [start, ...keys] = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = keys.pop()
  if (start !== '' || last === undefined || keys[0] === METADATA_KEY) return
  let holder: unknown = record
  for (const key of keys) holder = isObject(holder) ? own(holder, key) : undefined
  const date = isObject(holder) ? toDate(own(holder, last)) : undefined
  if (date !== undefined) (holder as Data)[last] = date
}

/** Only what a Date itself would write: any other text was not one, or is not any more. */
function toDate(text: unknown): Date | undefined {
  if (typeof text !== 'string' || text.length > LONGEST) return undefined
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? date : undefined
}
