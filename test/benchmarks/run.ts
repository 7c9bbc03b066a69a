import { writeFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { startPostgres } from '../support/postgres-server.ts'
import { startRedis } from '../support/redis-server.ts'
import { type Arguments, type Part as PartName, parseArguments, USAGE } from './arguments.ts'
import type { Column } from './columns/column.ts'
import { COLD_COLUMNS, COLUMNS, HTTP_COLUMNS, QUICK_COLUMNS } from './columns/index.ts'
import { FULL, QUICK } from './efforts.ts'
import {
  type Check,
  coldChecks,
  databaseChecks,
  httpChecks,
  importChecks,
  inProcessChecks,
  memoryChecks,
  trafficChecks
} from './goals.ts'
import { measureCold } from './measures/cold.ts'
import type { Speed } from './measures/comparison.ts'
import { measureDatabases } from './measures/databases.ts'
import { measureHttp } from './measures/http.ts'
import { importSection, measureImports } from './measures/imports.ts'
import { measureMemory, memorySection } from './measures/memory.ts'
import { measureMerging } from './measures/merging.ts'
import { measureOneSession } from './measures/one-session.ts'
import type { Ports } from './measures/opening.ts'
import { measurePaths, pathSection } from './measures/path.ts'
import { measureCommands } from './measures/redis-commands.ts'
import { measureTraffic, trafficSection } from './measures/redis-traffic.ts'
import { type Group, measureSpeed } from './measures/speed.ts'
import { measureUserTraffic, userTrafficSection } from './measures/user-traffic.ts'
import { databaseSection } from './report/database-section.ts'
import { benchmarkDocument } from './report/document.ts'
import { goalSection } from './report/goal-section.ts'
import { httpPicture } from './report/http-picture.ts'
import { type Part, Progress, type Tell } from './report/progress.ts'
import { inProcessSections, userSections } from './report/sections.ts'
import { asText, type Section } from './report/table.ts'

// `npm run bench` compiles this program and runs it. The library that it measures is the build in dist/.

function readArguments(): Arguments {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    return process.exit(1)
  }
}

const { quick, scenarios, parts, peers, write } = readArguments()
const effort = quick ? QUICK : FULL

/** Autovacuum would cost whichever column has its turn just then. */
const SETTINGS = { autovacuum: 'off' }

const redis = await startRedis().catch(() => undefined)
if (redis === undefined) console.log('redis-server does not run: without the columns that need it\n')
const needsPostgres = ({ needs }: Column): boolean => needs === 'postgres'
/** PostgreSQL takes seconds to start, so it only starts for columns that need it. */
const usesPostgres =
  parts.includes('databases') || (peers && parts.includes('http') && HTTP_COLUMNS.some(needsPostgres))
const postgres = usesPostgres ? await startPostgres({ settings: SETTINGS }).catch(() => undefined) : undefined
if (usesPostgres && postgres === undefined) console.log('PostgreSQL does not run: without the columns that need it\n')
const ports: Ports = { redis: redis?.port, postgres: postgres?.port }

/** The columns of this run whose servers are there. */
const wanted = (columns: readonly Column[]): readonly Column[] =>
  columns.filter((column) => {
    if (!peers && !QUICK_COLUMNS.includes(column)) return false
    return column.needs === undefined || (needsPostgres(column) ? postgres : redis) !== undefined
  })
const columns = wanted(COLUMNS)

const sections: Section[] = []
const checks: Check[] = []
const http: Speed[] = []
const cold: Speed[] = []

interface Step extends Part {
  run(tell: Tell): Promise<void>
}

const steps: Step[] = []
function step(part: PartName, name: string, seconds: number, run: Step['run']): void {
  if (parts.includes(part)) steps.push({ name, seconds, run })
}

step('http', 'over HTTP', effort.seconds.http, async (tell) => {
  http.push(...(await measureHttp(wanted(HTTP_COLUMNS), effort.http, ports, tell)))
  checks.push(...httpChecks(http))
})
step('cold', 'cold', effort.seconds.cold, async (tell) => {
  cold.push(...(await measureCold(wanted(COLD_COLUMNS), effort.coldRounds, ports, tell)))
  checks.push(...coldChecks(cold))
})
step('databases', 'databases', effort.seconds.databases, async (tell) => {
  const speeds = await measureDatabases(effort.databases, { redis, postgres }, tell)
  sections.push(databaseSection(speeds, effort.databases.rounds))
  checks.push(...databaseChecks(speeds))
})
step('path', 'the path of a request', 10, async (tell) => {
  sections.push(pathSection(await measurePaths(columns, ports, tell)))
})
if (redis !== undefined) {
  step('redis', 'traffic to Redis', 12, async (tell) => {
    const traffic = await measureTraffic(columns, redis.port, tell)
    sections.push(trafficSection(traffic))
    checks.push(...trafficChecks(traffic))
  })
  step('redis', 'traffic of users', 4, async (tell) => {
    sections.push(userTrafficSection(await measureUserTraffic(redis.port, tell)))
  })
}
if (scenarios.length > 0) {
  const groups: readonly Group[] = [
    { size: 200, scenarios: scenarios.filter((scenario) => scenario !== 'S4') },
    // `rolling` is an option of the whole application, so S4 runs in separate processes.
    { size: 200, scenarios: scenarios.filter((scenario) => scenario === 'S4') },
    { size: 4_096, scenarios: scenarios.filter((scenario) => scenario === 'S1' || scenario === 'S2') }
  ]
  const measured = groups.filter((group) => group.scenarios.length > 0 && effort.sizes.includes(group.size))
  steps.push({
    name: 'in process',
    seconds: effort.seconds.scenario * measured.flatMap((group) => group.scenarios).length,
    async run(tell) {
      const speeds: Speed[] = []
      for (const group of measured) speeds.push(...(await measureSpeed(group, columns, effort.speed, ports, tell)))
      sections.push(...inProcessSections(speeds, effort.speed.rounds))
      checks.push(...inProcessChecks(speeds))
    }
  })
}
if (redis !== undefined) {
  step('clients', 'Redis clients', 5, async () => {
    sections.push(await measureCommands(redis.port))
  })
}
step('memory', 'InMemoryStore', effort.seconds.memory, async (tell) => {
  const memories = await measureMemory(effort.sessions, tell)
  sections.push(memorySection(memories))
  checks.push(...memoryChecks(memories))
})
step('merge', 'merging', 3, async () => {
  sections.push(measureMerging())
})
step('queue', 'many requests of one session', 5, async () => {
  sections.push(await measureOneSession())
})
step('import', 'start of a process', 15, async () => {
  const imports = await measureImports()
  sections.push(importSection(imports))
  checks.push(...importChecks(imports))
})

const progress = new Progress(steps)
for (const one of steps) await one.run(progress.begin(one))
progress.clear()

const first = http.length + cold.length === 0 ? [] : userSections(http, cold, effort.http.rounds)
const report = [...first, ...(checks.length === 0 ? [] : [goalSection(checks)]), ...sections]
for (const section of report) console.log(asText(section))

async function redisVersion(): Promise<string> {
  if (redis === undefined) return 'no Redis'
  const client = new Redis({ host: '127.0.0.1', port: redis.port })
  const info = await client.info('server')
  client.disconnect()
  return `Redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'}`
}

async function postgresVersion(): Promise<string> {
  if (postgres === undefined) return 'no PostgreSQL'
  const [row] = await postgres.sql('SHOW server_version')
  return `PostgreSQL ${row?.server_version}`
}

if (write) {
  const docs = new URL('docs/', import.meta.resolve('fastify-starsessions/package.json'))
  const servers = `${await redisVersion()} and ${await postgresVersion()}`
  const date = new Date().toISOString().slice(0, 10)
  await writeFile(new URL('benchmarks.md', docs), benchmarkDocument(report, servers, date))
  if (http.length > 0) await writeFile(new URL('benchmarks.svg', docs), httpPicture(http))
}
await redis?.stop()
await postgres?.stop()
