import { isDeepStrictEqual } from 'node:util'
import { own, setOwn } from '../own.ts'
import type { Data } from '../record/record.ts'

/** What came of a merge, and the keys that both sides had changed, each in its own way. */
export interface Merged {
  readonly data: Data
  readonly conflicts: readonly string[]
}

/**
 * Three-way merge of top-level keys: what one side changed is taken from it, the same change is taken once, and what both
 * changed differently is ours. To delete a key is to change it.
 *
 * @param base what both sides started from
 * @param scope the only keys that may come from `theirs`; without it: all
 */
export function merge(base: Data, ours: Data, theirs: Data, scope?: ReadonlySet<string>): Merged {
  const data: Data = {}
  const conflicts: string[] = []
  // Ours first: a session that takes in the others' keys then has the same order, and does not look changed.
  const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)])
  for (const key of keys) {
    const mine = own(ours, key)
    const others = scope === undefined || scope.has(key) ? own(theirs, key) : undefined
    const before = scope === undefined || scope.has(key) ? own(base, key) : undefined
    const kept = isDeepStrictEqual(mine, before) ? others : mine
    if (kept === mine && !isDeepStrictEqual(others, before) && !isDeepStrictEqual(mine, others)) conflicts.push(key)
    if (kept !== undefined) setOwn(data, key, kept)
  }
  return { data, conflicts }
}
