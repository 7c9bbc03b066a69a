/** The shortest name that may stand for a longer one which contains it: "timeout" for "storeTimeout". */
const SHORTEST_PART = 4

/**
 * The name that takes the fewest single-character edits (Levenshtein), whatever its case.
 * @returns `undefined` where none is near: a wild guess sends the reader astray
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

/** For an error: the nearest name, if one is near, and all that there are. */
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
