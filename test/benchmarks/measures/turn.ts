const FEWEST_REQUESTS = 100
const MOST_REQUESTS = 3_000

/**
 * How many requests a column gets in one turn.
 * @param turn milliseconds of CPU time
 * @param cost microseconds of CPU time for each request
 */
export const requestsIn = (turn: number, cost: number): number =>
  Math.min(MOST_REQUESTS, Math.max(FEWEST_REQUESTS, Math.round((turn * 1000) / cost)))
