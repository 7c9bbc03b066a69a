import { startRedis } from '../support/redis-server.ts'
import type { Column } from './columns/column.ts'
import { fastifyCookieAlone } from './columns/fastify-cookie.ts'
import { AGAIN, BARE } from './columns/index.ts'
import { pluginInSignedCookie } from './columns/limits/plugin.ts'
import { oursInMemory, oursInNodeRedis, oursInSignedCookie, oursRollingNowAndThen } from './columns/ours.ts'
import { fastifySessionInMemory, fastifySessionInRedis } from './columns/peers/fastify-session.ts'
import type { Speed } from './measures/comparison.ts'
import { measureTraffic } from './measures/redis-traffic.ts'
import { measureSpeed } from './measures/speed.ts'
import { Progress } from './report/progress.ts'
import { inProcessSections } from './report/sections.ts'
import { isSurelyDearer } from './report/statistics.ts'
import { asText } from './report/table.ts'
import type { Scenario } from './scenarios/scenarios.ts'

// Fails if a figure is too high and noise cannot explain it. Each column also proves at its start that it calls the
// store only when its scenario says so.

const EFFORT = { rounds: 13, turn: 12, warmUp: { requests: 6_000, time: 900 } }
/** For whatever seems too dear. */
const LONGER = { rounds: 25, turn: 20, warmUp: { requests: 20_000, time: 4_000 } }

interface Limit {
  readonly scenario: Scenario
  readonly ours: Column
  readonly times: number
  readonly other: Column
}

const LIMITS: readonly Limit[] = [
  { scenario: 'S0', ours: oursInMemory, times: 3, other: fastifyCookieAlone },
  { scenario: 'S1', ours: oursInMemory, times: 1, other: fastifySessionInMemory },
  { scenario: 'S2', ours: oursInMemory, times: 1, other: fastifySessionInMemory },
  { scenario: 'S1', ours: oursInNodeRedis, times: 1, other: fastifySessionInRedis },
  { scenario: 'S2', ours: oursInNodeRedis, times: 1, other: fastifySessionInRedis },
  { scenario: 'S1', ours: oursInSignedCookie, times: 3, other: pluginInSignedCookie }
]

const redis = await startRedis()

// The column proves that the cookie is not sent, and Redis counts the commands.
const [nowAndThen] = await measureTraffic([oursRollingNowAndThen], redis.port, () => undefined)
if (Math.round(nowAndThen!.roundTrips) !== 1 || nowAndThen!.commands.get('get') !== 1) {
  console.log(`not ok - S4: ${oursRollingNowAndThen.name} needs more than one GET`)
  process.exitCode = 1
}

async function measure(limits: readonly Limit[], effort: typeof EFFORT, seconds: number): Promise<Speed[]> {
  const scenarios = [...new Set(limits.map(({ scenario }) => scenario))]
  const columns = [...new Set([BARE, AGAIN, ...limits.flatMap(({ ours, other }) => [ours, other])])]
  const part = { name: 'in process', seconds }
  const progress = new Progress([part])
  const speeds = await measureSpeed(
    { size: 200, scenarios },
    columns,
    effort,
    { redis: redis.port },
    progress.begin(part)
  )
  progress.clear()
  for (const section of inProcessSections(speeds, effort.rounds)) console.log(asText(section))
  return speeds
}

const tooDear = (limits: readonly Limit[], speeds: readonly Speed[]): readonly Limit[] =>
  limits.filter(({ scenario, ours, times, other }) => {
    const { above } = speeds.find((speed) => speed.scenario === scenario)!
    return isSurelyDearer(above.get(ours.name)!, times, above.get(other.name)!)
  })

let failed = tooDear(LIMITS, await measure(LIMITS, EFFORT, 15))
// A busy machine can slow down one column in all rounds, so only a second, longer run is a proof.
if (failed.length > 0) failed = tooDear(failed, await measure(failed, LONGER, 20))
for (const { scenario, ours, times, other } of failed) {
  console.log(`not ok - ${scenario}: ${ours.name} is dearer than ${times} × ${other.name}`)
  process.exitCode = 1
}
await redis.stop()
