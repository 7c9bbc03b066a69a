import { parseArgs } from 'node:util'
import { SCENARIOS, type Scenario } from './scenarios/scenarios.ts'

/** The parts of a run beside the CPU time of the scenarios in process. */
export const PARTS = [
  'http',
  'cold',
  'databases',
  'path',
  'redis',
  'clients',
  'memory',
  'merge',
  'queue',
  'import'
] as const

export type Part = (typeof PARTS)[number]

const QUICK_PARTS: readonly Part[] = ['http', 'cold']

export interface Arguments {
  readonly quick: boolean
  /** To measure in process. */
  readonly scenarios: readonly Scenario[]
  readonly parts: readonly Part[]
  /** Whether to measure all columns. A quick run leaves most peers and clients out. */
  readonly peers: boolean
  /** Whether to write docs/benchmarks.md and its picture. */
  readonly write: boolean
}

export const USAGE = `npm run bench -- [--quick] [--only S1,S2,path] [--peers] [--write]

  --quick   about a minute: fewer rounds and columns, and only ${QUICK_PARTS.join(' and ')} unless --only says otherwise
  --only    some of ${[...SCENARIOS, ...PARTS].join(', ')}; ${SCENARIOS[0]} and so on are measured in process
  --peers   all columns in a quick run, too
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
  const only = values.only?.split(',') ?? (values.quick ? QUICK_PARTS : known)
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
