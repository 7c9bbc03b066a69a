import { writeFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { startRedis } from '../support/redis-server.ts'
import { type Arguments, parseArguments, USAGE } from './arguments.ts'
import { COLUMNS, QUICK_COLUMNS } from './columns/index.ts'
import { FULL, QUICK } from './efforts.ts'
import { type Check, goalSection, httpChecks, importChecks, memoryChecks, speedChecks, trafficChecks } from './goals.ts'
import { measureHttp } from './measures/http.ts'
import { importSection, measureImports } from './measures/imports.ts'
import { measureMemory, memorySection } from './measures/memory.ts'
import { measureMerging } from './measures/merging.ts'
import { measureOneSession } from './measures/one-session.ts'
import { measurePaths, pathSection } from './measures/path.ts'
import { measureCommands } from './measures/redis-commands.ts'
import { measureTraffic, trafficSection } from './measures/redis-traffic.ts'
import { type Group, measureSpeed, type Speed } from './measures/speed.ts'
import { benchmarkDocument } from './report/document.ts'
import { httpSection } from './report/http-section.ts'
import { progress } from './report/progress.ts'
import { speedPicture } from './report/speed-picture.ts'
import { ratioSection, speedSection } from './report/speed-section.ts'
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

const redis = await startRedis().catch(() => undefined)
if (redis === undefined) console.log('redis-server does not run: without the columns that need it\n')
const columns = (peers ? COLUMNS : QUICK_COLUMNS).filter(({ needs }) => needs === undefined || redis !== undefined)

const sections: Section[] = []
const checks: Check[] = []
function show(section: Section, ...found: readonly Check[]): void {
  sections.push(section)
  checks.push(...found)
  console.log(asText(section))
}

const speeds: Speed[] = []
if (scenarios.length > 0) {
  const groups: readonly Group[] = [
    { size: 200, scenarios: scenarios.filter((scenario) => scenario !== 'S4') },
    // `rolling` is an option of the whole application, so S4 runs in separate processes.
    { size: 200, scenarios: scenarios.filter((scenario) => scenario === 'S4') },
    { size: 4_096, scenarios: scenarios.filter((scenario) => scenario === 'S1' || scenario === 'S2') }
  ]
  const wanted = groups.filter((group) => group.scenarios.length > 0 && effort.sizes.includes(group.size))
  for (const group of wanted) speeds.push(...(await measureSpeed(group, columns, effort.speed, redis?.port)))
  show(speedSection(speeds, effort.speed.rounds), ...speedChecks(speeds))
  show(ratioSection(speeds))
}
if (parts.includes('http')) {
  progress('requests a second over HTTP')
  const http = await measureHttp(['S0', 'S1'], columns, effort.http, redis?.port)
  show(httpSection(http), ...httpChecks(http))
}
if (parts.includes('path')) show(pathSection(await measurePaths(columns, redis?.port)))
if (parts.includes('redis') && redis !== undefined) {
  progress('traffic to Redis')
  const traffic = await measureTraffic(['S0', 'S1', 'S2', 'S3', 'S4', 'S5'], columns, redis.port)
  show(trafficSection(traffic), ...trafficChecks(traffic))
}
if (parts.includes('clients') && redis !== undefined) {
  progress('Redis clients')
  show(await measureCommands(redis.port))
}
if (parts.includes('memory')) {
  progress('InMemoryStore')
  const memories = await measureMemory(effort.sessions)
  show(memorySection(memories), ...memoryChecks(memories))
}
if (parts.includes('merge')) show(measureMerging())
if (parts.includes('queue')) show(await measureOneSession())
if (parts.includes('import')) {
  progress('start of a process')
  const imports = await measureImports()
  show(importSection(imports), ...importChecks(imports))
}
if (checks.length > 0) show(goalSection(checks))

async function redisVersion(): Promise<string> {
  if (redis === undefined) return '(none)'
  const client = new Redis({ host: '127.0.0.1', port: redis.port })
  const info = await client.info('server')
  client.disconnect()
  return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
}

if (write) {
  const docs = new URL('docs/', import.meta.resolve('fastify-starsessions/package.json'))
  const date = new Date().toISOString().slice(0, 10)
  await writeFile(new URL('benchmarks.md', docs), benchmarkDocument(sections, await redisVersion(), date))
  if (speeds.length > 0) await writeFile(new URL('benchmarks.svg', docs), speedPicture(speeds))
}
await redis?.stop()
