import type { DatabaseSpeed } from '../measures/databases.ts'
import type { Sample } from './statistics.ts'
import type { Section } from './table.ts'

const text = (sample: Sample | undefined): string =>
  sample === undefined ? '-' : `${sample.median.toFixed(1)} ± ${sample.spread.toFixed(1)}`

export function databaseSection(speeds: readonly DatabaseSpeed[], rounds: number): Section {
  const rows = speeds.flatMap(({ scenario, above, server, traffic }) =>
    [...above].map(([name, node]) => {
      const counts = traffic.get(name)
      return [
        `${scenario} ${name}`,
        text(node),
        text(server.get(name)),
        counts?.roundTrips.toFixed(1) ?? '-',
        counts?.bytesIn.toFixed(0) ?? '-',
        counts?.bytesOut.toFixed(0) ?? '-'
      ]
    })
  )
  return {
    title: 'Databases',
    note: `Per request, in process, sessions of 200 bytes. "Node": microseconds of CPU time of the application above a bare route. "Server": microseconds of CPU time of all processes of PostgreSQL or Redis, as Linux counts them. Both are the median of ${rounds} interleaved rounds ± half the interquartile range, with 16 requests in flight and tuned flags. Round trips and bytes are counted between pg and PostgreSQL; those of Redis are in "Traffic to Redis". PostgreSQL runs without autovacuum and without fsync. \`-\`: there is no such server, or it is not counted.`,
    rows: [['', 'Node', 'server', 'round trips', 'bytes to PostgreSQL', 'bytes from PostgreSQL'], ...rows]
  }
}
