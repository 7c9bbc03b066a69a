import { merge } from '../../../lib/lifecycle/merge.ts'
import { sampleOf } from '../report/statistics.ts'
import type { Section } from '../report/table.ts'

const KEYS = [1, 10, 100, 1_000] as const
const ROUNDS = 15
/** Every round merges this many keys. Small merges are repeated until then. */
const KEYS_A_ROUND = 2_000

type Data = Record<string, unknown>

/** @returns the base and the data of two requests, each of which changed one key */
function threeSides(keys: number): [Data, Data, Data] {
  const base = Object.fromEntries(Array.from({ length: keys }, (_, i) => [`key-${i}`, { id: i, tags: ['a', 'b'] }]))
  const copy = () => structuredClone(base)
  return [base, { ...copy(), 'key-0': 'ours' }, { ...copy(), [`key-${keys - 1}`]: 'theirs' }]
}

/** @returns what one merge costs, in microseconds of CPU time */
function cost(keys: number): number {
  const [base, ours, theirs] = threeSides(keys)
  const times = KEYS_A_ROUND / keys
  const before = process.cpuUsage()
  for (let turn = 0; turn < times; turn++) merge(base, ours, theirs)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

export function measureMerging(): Section {
  const rows = KEYS.map((keys) => {
    cost(keys)
    const { median, spread } = sampleOf(Array.from({ length: ROUNDS }, () => cost(keys)))
    return [`${keys}`, `${median.toFixed(1)} ± ${spread.toFixed(1)}`, (median / keys).toFixed(2)]
  })
  return {
    title: 'A merge',
    note: 'Two requests of one session have changed a key each: what merging them costs, in microseconds of CPU time.',
    rows: [['keys in the session', 'a merge', 'a key'], ...rows]
  }
}
