import { types } from 'node:util'
import { SessionOptionsError } from '../errors.ts'

/** What a message calls the keys. */
export interface KeyOption {
  /** the class that takes them */
  readonly owner: string
  /** its parameter or option */
  readonly option: string
  /** the environment variable that the documentation reads them from */
  readonly variable: string
}

/** Makes the error for one slot; `problem` continues the sentence "Class: option[slot] ...", and must not quote the key. */
export type Refuse = (problem: string) => Error

/**
 * Makes a list of keys, newest first, from one key or several. A forgotten variable in ANY slot is refused: an older key
 * that is `undefined` would end every session that it was kept for, and an empty one would let anybody sign.
 *
 * @param toKey makes the key of one slot; throws what `refuse` returns when it is unfit
 * @throws `SessionOptionsError` which names the class, the option and the slot, never the key
 */
export function keyList<Key>(
  { owner, option, variable }: KeyOption,
  keys: unknown,
  toKey: (raw: string | Uint8Array, refuse: Refuse) => Key
): Key[] {
  const isList = Array.isArray(keys)
  const slots: unknown[] = isList ? keys : [keys]
  if (slots.length === 0) throw new SessionOptionsError(`${owner}: ${option} is an empty list: pass at least one key`)

  // Not `map`, which would skip the holes of a sparse list.
  return Array.from(slots, (raw, slot) => {
    const refuse: Refuse = (problem) =>
      new SessionOptionsError(`${owner}: ${option}${isList ? `[${slot}]` : ''} ${problem}`)
    const remedy = slot === 0 ? `is ${variable} set?` : 'set it, or leave it out of the list'

    if (raw === undefined || raw === null) throw refuse(`is ${raw}: ${remedy}`)
    if (typeof raw !== 'string' && !types.isUint8Array(raw)) {
      throw refuse(`is of type ${typeof raw}: pass text or a Uint8Array`)
    }
    if (raw.length === 0) throw refuse(`is empty: ${remedy}`)
    return toKey(raw, refuse)
  })
}
