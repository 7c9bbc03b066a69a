import t from 'tap'
import { AGAIN } from './columns/index.ts'
import { pluginInMemory } from './columns/limits/plugin.ts'
import { oursInMemory, oursInNodeRedis, oursInPostgres, oursInSqlite } from './columns/ours.ts'
import {
  fastifySessionInMemory,
  fastifySessionInPostgres,
  fastifySessionInRedis
} from './columns/peers/fastify-session.ts'
import { coldChecks, databaseChecks, httpChecks, inProcessChecks, memoryChecks } from './goals.ts'
import type { Speed } from './measures/comparison.ts'
import type { Memory } from './measures/memory-process.ts'
import { goalSection, verdict } from './report/goal-section.ts'
import type { Scenario } from './scenarios/scenarios.ts'

const sample = (median: number) => ({ median, spread: 0 })

function speed(scenario: Scenario, costs: Record<string, number>, noise = 0.1): Speed {
  const above = new Map(Object.entries(costs).map(([name, cost]) => [name, sample(cost)]))
  return { scenario, size: 200, bare: sample(10), above: above.set(AGAIN.name, sample(noise)) }
}

t.test('a goal compares our cost with the cost of another column in the same scenario', async (t) => {
  const costs = { [oursInMemory.name]: 12, [fastifySessionInMemory.name]: 24 }
  const [over] = httpChecks([speed('S1', costs)])
  t.match(over, { where: 'over HTTP', limit: 0.6, reached: 0.5, unit: '× @fastify/session, memory', isNoise: false })
  t.match(coldChecks([speed('S1', costs)]), [{ where: 'cold', limit: 0.9, reached: 0.5 }])
  t.same(coldChecks([speed('S0', costs)]), [], 'a process that has just started has no goal for S0')
})

t.test('the share of bare Fastify is what a busy core still serves', async (t) => {
  const checks = httpChecks([speed('S1', { [oursInNodeRedis.name]: 10 })])
  t.match(checks, [{ limit: 0.6, reached: 0.5, moreIsBetter: true }])
  t.equal(verdict(checks[0]!), 'no')
})

t.test('of several scenarios the worst one counts', async (t) => {
  const costs = (ours: number) => ({ [oursInNodeRedis.name]: ours, [fastifySessionInRedis.name]: 20 })
  const checks = inProcessChecks([speed('S1', costs(8)), speed('S2', costs(16)), speed('S3', costs(4))])
  t.match(checks, [{ what: `worst of 3: S2, ${oursInNodeRedis.name}`, reached: 0.8 }])
})

t.test('a cost below that of a bare route counts as none', async (t) => {
  const checks = inProcessChecks([speed('S1', { [oursInMemory.name]: -1, [pluginInMemory.name]: 4 })])
  t.match(checks, [{ reached: 0 }])
})

t.test('a figure is noise if two equal columns differ by more than what is missing to the goal', async (t) => {
  const costs = { [oursInMemory.name]: 14.5, [fastifySessionInMemory.name]: 24 }
  const verdicts = (noise: number) => httpChecks([speed('S1', costs, noise)]).map(verdict)
  t.same(verdicts(0.05), ['no', 'no'])
  t.equal(verdicts(0.2)[0], 'noise')
})

t.test('goals of the memory store are for a small and for a large one', async (t) => {
  const memory = { bytesEach: 500, read: 0.5, rewrite: 2, longestStallFilling: 20 } as Memory
  const checks = [1_000, 100_000].flatMap((sessions) => memoryChecks([{ ...memory, sessions }]))
  t.same(checks.map(verdict), ['yes', 'yes', 'no', 'yes'])
  t.match(goalSection(checks), { note: /3 of 4 goals are met\. / })
})

t.test('PostgreSQL may need half of its time for connect-pg-simple, and Node no more', async (t) => {
  const costs = { [oursInPostgres.name]: 60, [fastifySessionInPostgres.name]: 100 }
  const server = new Map(Object.entries(costs).map(([name, cost]) => [name, sample(cost)]))
  const measured = { ...speed('S2', costs), server, traffic: new Map() }
  const [application, database] = databaseChecks([measured])
  t.match(application, { where: 'databases, application', what: /^S2, /, limit: 1, reached: 0.6 })
  t.match(database, { where: 'databases, server', what: /^S2, /, limit: 0.5, reached: 0.6, isNoise: false })
  t.same(
    [application, database].map((check) => verdict(check!)),
    ['yes', 'no']
  )
  t.match(databaseChecks([{ ...measured, server: new Map() }]), [application], 'no figures of a server: no goal')
})

t.test('with a database, a figure is noise if its own spread reaches the goal', async (t) => {
  const costs = { [oursInPostgres.name]: 104, [fastifySessionInPostgres.name]: 100 }
  const above = new Map(Object.keys(costs).map((name) => [name, { median: costs[name]!, spread: 3 }]))
  t.same(databaseChecks([{ ...speed('S1', costs), above, server: new Map(), traffic: new Map() }]).map(verdict), [
    'noise'
  ])
})

t.test('a read from SQLite may cost the application twice as much as one from Redis', async (t) => {
  const costs = { [oursInSqlite.name]: 15, [oursInNodeRedis.name]: 10 }
  const measured = (['S1', 'S2'] as const).map((one) => ({
    ...speed(one, costs),
    server: new Map(),
    traffic: new Map()
  }))
  t.match(databaseChecks(measured), [{ what: /^S1, /, limit: 2, reached: 1.5 }], 'only reads have that goal')
})
