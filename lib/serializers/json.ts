import type { Serializer } from '../../types/serializer.ts'
import { withDates } from './date-note.ts'
import { datesIn } from './json-data.ts'
import { decodeText, parseText } from './json-text.ts'

/**
 * Serializes data to JSON (RFC 8259) in UTF-8. It is also the default of starsessions, so a Python program can read these
 * sessions.
 *
 * A value that JSON would drop or change is refused, and the error names the key. A Date is written as text and comes back as
 * a Date, because a note in the metadata says where the Dates are.
 *
 * Two kinds of objects do not come back as they were. An instance of a class comes back as a plain object, and an object
 * with `toJSON` as the result of `toJSON`. The first such object causes a warning, unless `NODE_ENV` is `production`.
 */
export class JsonSerializer implements Serializer {
  /**
   * Turns the data into JSON.
   * @throws `FST_SESSION_SERIALIZE`, which names the key and the kind of value, never the value itself
   */
  serialize(data: object): Uint8Array {
    const dates = datesIn(data)
    return Buffer.from(JSON.stringify(dates === null ? data : withDates(data, dates)))
  }

  /**
   * Parses JSON. Below the top level, each key `__proto__`, and each `constructor` with a `prototype`, is removed. Otherwise a library that
   * merges the data later would write to a prototype.
   *
   * @returns the parsed value. It is not always an object, because anybody may have written the record.
   * @throws `TypeError` when the bytes are not UTF-8, `SyntaxError` when they are not JSON, `RangeError` when a number is
   *   too large for JavaScript
   */
  deserialize(data: Uint8Array): Record<string, unknown> {
    return parseText(decodeText(data))
  }
}
