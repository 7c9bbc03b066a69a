import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startRedis } from '../support/redis-server.ts'
import { SCENARIOS, type Scenario, WHAT } from './scenarios.ts'

// npm run bench -- [--quick] [--only S1,S2,memory]
// What is measured is the build in dist/: CPU time above bare Fastify, in process, sessions of 200 bytes.

const MEMORY = 'memory'

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

if (!existsSync(new URL('../../dist/lib/index.js', import.meta.url))) {
  fail('dist/ is missing, and the benchmark measures what users run: npm run build')
}
// Not before: they import it.
const { measureMemory, memoryTable } = await import('./memory.ts')
const { measureSpeed } = await import('./speed.ts')
const { speedTable } = await import('./speed-table.ts')

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } })
const parts: readonly string[] = [...SCENARIOS, MEMORY]
const only = values.only?.split(',') ?? parts
for (const part of only) {
  if (!parts.includes(part)) fail(`--only ${part}: there is no such part; known are ${parts.join(', ')}`)
}

const effort = values.quick
  ? { passes: 1, rounds: 9, requests: 400, warmUp: 4_000 }
  : { passes: 5, rounds: 7, requests: 1_500, warmUp: 10_000 }
const scenarios = SCENARIOS.filter((scenario: Scenario) => only.includes(scenario))

if (scenarios.length > 0) {
  const redis = await startRedis().catch(() => undefined)
  if (redis === undefined) console.log('redis-server does not run: without the columns that need it\n')
  const speeds = await measureSpeed(scenarios, effort, redis?.port)
  await redis?.stop()
  for (const scenario of scenarios) console.log(`${scenario}  ${WHAT[scenario]}`)
  console.log(`median of ${effort.passes * effort.rounds} interleaved rounds ± half the interquartile range\n`)
  console.log(`${speedTable(speeds)}\n`)
}
if (only.includes(MEMORY)) {
  console.log(memoryTable(await measureMemory(values.quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000])))
}
