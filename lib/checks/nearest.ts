/** A name of at least this length also matches a longer name that contains it: "timeout" matches "storeTimeout". */
const SHORTEST_PART = 4

/**
 * Finds the known name that needs the fewest single-character edits (Levenshtein distance). The case does not matter.
 * @returns `undefined` if no name is near, because a wrong guess would mislead the reader
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  const candidates = known
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const isNear = ({ candidate, edits }: { candidate: string; edits: number }) =>
    edits <= Math.max(wanted.length, candidate.length) * 0.4
  return (candidates.find(isNear) ?? candidates.find(({ candidate }) => contains(wanted, candidate)))?.candidate
}

/** The end of an error message about an unknown name: the nearest known name, if one is near, and all known names. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  const all = `nown are ${known.join(', ')}`
  return near === undefined ? `k${all}` : `did you mean "${near}"? K${all}`
}

function contains(wanted: string, candidate: string): boolean {
  const other = candidate.toLowerCase()
  const [short, long] = wanted.length < other.length ? [wanted, other] : [other, wanted]
  return short.length >= SHORTEST_PART && long.includes(short)
}

function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const substituted = previous[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      row.push(Math.min(substituted, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[to.length]!
}
