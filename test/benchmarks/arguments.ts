import { parseArgs } from 'node:util'
import { SCENARIOS, type Scenario } from './scenarios/scenarios.ts'

/** The parts of a run beside the CPU time of the scenarios. */
export const PARTS = ['path', 'http', 'redis', 'clients', 'memory', 'merge', 'queue', 'import'] as const

export type Part = (typeof PARTS)[number]

export interface Arguments {
  readonly quick: boolean
  readonly scenarios: readonly Scenario[]
  readonly parts: readonly Part[]
  /** Whether to measure the other libraries. A quick run leaves most of them out. */
  readonly peers: boolean
  /** Whether to write docs/benchmarks.md and its picture. */
  readonly write: boolean
}

export const USAGE = `npm run bench -- [--quick] [--only S1,S2,http] [--peers] [--write]

  --quick   half a minute: fewer rounds, no peer but @fastify/session in memory, and CPU time alone unless --only says otherwise
  --only    some of ${[...SCENARIOS, ...PARTS].join(', ')}
  --peers   the peers in a quick run, too
  --write   write docs/benchmarks.md and .svg; a whole run does so by itself`

/** @throws with a message for the user if an argument is unknown */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      peers: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false }
    }
  })
  const known: readonly string[] = [...SCENARIOS, ...PARTS]
  const only = values.only?.split(',') ?? (values.quick ? SCENARIOS : known)
  const unknown = only.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is no such part; known are ${known.join(', ')}`)
  return {
    quick: values.quick,
    scenarios: SCENARIOS.filter((scenario) => only.includes(scenario)),
    parts: PARTS.filter((part) => only.includes(part)),
    peers: values.peers || !values.quick,
    write: values.write || (!values.quick && values.only === undefined)
  }
}
