import { fastifyCookieAlone } from './columns/fastify-cookie.ts'
import { AGAIN, BARE } from './columns/index.ts'
import { oursInMemory } from './columns/ours.ts'
import { fastifySessionInMemory } from './columns/peers/fastify-session.ts'
import { measureSpeed } from './measures/speed.ts'
import { ratioSection, speedSection } from './report/speed-section.ts'
import { isSurelyDearer } from './report/statistics.ts'
import { asText } from './report/table.ts'

// Fails if a figure is too high and noise cannot explain it. Each column also proves at its start that it calls the
// store only when its scenario says so.

const EFFORT = { rounds: 25, turn: 20, warmUp: { requests: 6_000, time: 2_000 } }
const COLUMNS = [BARE, AGAIN, fastifyCookieAlone, oursInMemory, fastifySessionInMemory]
const LIMITS = [
  { scenario: 'S0', times: 3, other: fastifyCookieAlone },
  { scenario: 'S1', times: 1, other: fastifySessionInMemory }
] as const

const scenarios = LIMITS.map(({ scenario }) => scenario)
const speeds = await measureSpeed({ size: 200, scenarios }, COLUMNS, EFFORT, undefined)
console.log(asText(speedSection(speeds, EFFORT.rounds)))
console.log(asText(ratioSection(speeds)))

for (const { scenario, times, other } of LIMITS) {
  const { above } = speeds.find((speed) => speed.scenario === scenario)!
  if (!isSurelyDearer(above.get(oursInMemory.name)!, times, above.get(other.name)!)) continue
  console.log(`not ok - ${scenario}: ${oursInMemory.name} is dearer than ${times} × ${other.name}`)
  process.exitCode = 1
}
