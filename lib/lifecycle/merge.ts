import { isDeepStrictEqual } from 'node:util'
import { own, setOwn } from '../base/own.ts'
import type { Data } from '../record/record.ts'

/** The merged data, and the keys that both sides changed to different values. */
export interface Merged {
  readonly data: Data
  readonly conflicts: readonly string[]
}

/**
 * Three-way merge of top-level keys. If one side changed a key, its value is taken. If both sides changed a key to
 * different values, our value is taken, and the key is a conflict. Deleting a key counts as changing it.
 *
 * @param base the data that both sides started from
 * @param mergeableKeys the only keys that may come from `theirs`. Without it, all keys may
 */
export function merge(base: Data, ours: Data, theirs: Data, mergeableKeys?: ReadonlySet<string>): Merged {
  const data: Data = {}
  const conflicts: string[] = []
  // Our keys come first. A session that takes keys from other requests then keeps its order and does not look changed.
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)])
  for (const key of keys) {
    const mine = own(ours, key)
    const others = mergeableKeys === undefined || mergeableKeys.has(key) ? own(theirs, key) : undefined
    const before = mergeableKeys === undefined || mergeableKeys.has(key) ? own(base, key) : undefined
    const kept = isDeepStrictEqual(mine, before) ? others : mine
    if (kept === mine && !isDeepStrictEqual(others, before) && !isDeepStrictEqual(mine, others)) conflicts.push(key)
    if (kept !== undefined) setOwn(data, key, kept)
  }
  return { data, conflicts }
}
