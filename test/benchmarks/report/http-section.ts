import type { HttpSpeed } from '../measures/http.ts'
import type { Section } from './table.ts'

export const httpSection = (speeds: readonly HttpSpeed[]): Section => ({
  title: 'Over HTTP',
  note: '100 connections, each with a session of its own; the load comes from another process of the same machine. Shares are of the mean of both bare columns. In S0 neither ours nor what is by hand asks a store: what would be the same once more is left out.',
  rows: [
    ['', 'requests/s', 'share of bare Fastify', 'p50, ms', 'p99, ms'],
    ...speeds.map(({ column, scenario, requestsPerSecond, share, p50, p99 }) => [
      `${scenario} ${column}`,
      requestsPerSecond.median.toFixed(0),
      `${share.median.toFixed(2)} ± ${share.spread.toFixed(2)}`,
      p50.median.toFixed(0),
      p99.median.toFixed(0)
    ])
  ]
})
