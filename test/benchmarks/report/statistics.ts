/** Sums up many measurements. About half of them are within `spread` of `median`. */
export interface Sample {
  readonly median: number
  /** Half of the interquartile range. */
  readonly spread: number
}

export function sampleOf(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b)
  const quantile = (share: number): number => {
    const place = (sorted.length - 1) * share
    const below = sorted[Math.floor(place)]!
    return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place))
  }
  return { median: quantile(0.5), spread: (quantile(0.75) - quantile(0.25)) / 2 }
}

/** In microseconds. A smaller cost above a bare route is noise. */
const FLOOR = 1

/** Whether `part` costs more than `times` the `whole`, even if both figures are wrong by twice their spread. */
export function isSurelyDearer(part: Sample, times: number, whole: Sample): boolean {
  return part.median - 2 * part.spread > times * Math.max(FLOOR, whole.median + 2 * whole.spread)
}
