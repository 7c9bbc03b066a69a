import { types } from 'node:util'
import { SessionOptionsError } from '../errors.ts'

/** The words for a list of keys in an error message. */
export interface KeyOption {
  /** The class that takes the keys. */
  readonly owner: string
  /** The parameter or option of that class. */
  readonly option: string
  /** The environment variable that the documentation reads the keys from. */
  readonly variable: string
}

/**
 * Makes the error for one slot of the list.
 * @param problem continues the sentence "Class: option[slot] ...". It must not quote the key.
 */
export type Refuse = (problem: string) => Error

/**
 * Makes a list of keys, newest first, from one key or several keys.
 *
 * An empty or missing key in any slot is an error, because it usually comes from an environment variable that is not set.
 * Without an older key, the sessions of that key would end. With an empty key, anybody could sign.
 *
 * @param toKey makes the key of one slot. If the slot is unfit, it throws an error made by `refuse`.
 * @throws `SessionOptionsError`, which names the class, the option and the slot, never the key
 */
export function keyList<Key>(
  { owner, option, variable }: KeyOption,
  keys: unknown,
  toKey: (raw: string | Uint8Array, refuse: Refuse) => Key
): Key[] {
  const isList = Array.isArray(keys)
  const slots: unknown[] = isList ? keys : [keys]
  if (slots.length === 0) throw new SessionOptionsError(`${owner}: ${option} is an empty list: pass at least one key`)

  // `Array.from` visits the holes of a sparse list, and `map` would skip them.
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
