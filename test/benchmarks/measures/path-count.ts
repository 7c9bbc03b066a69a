import { createHook } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Clients } from '../scenarios/clients.ts'
import type { Scenario } from '../scenarios/scenarios.ts'

// Counts what runs for one request. It runs in the process of the column.

/** What one request runs through. Functions and files are those of the library's build in dist/. */
export interface Path {
  readonly functions: number
  readonly files: number
  /** How often these functions are called. */
  readonly calls: number
  /** All promises of the process, also those of the Redis client, of Fastify and of each `await`. */
  readonly promises: number
}

const WARM_UP = 100
/** Odd, so that the median is a count of one request. A timer of the library may disturb a few of them. */
const ROUNDS = 9

const DIST = new URL('dist/', import.meta.resolve('fastify-starsessions/package.json')).href

/** A file of the library, and where its code begins in the bundle. */
interface Part {
  readonly file: string
  readonly start: number
}

const partsOf = new Map<string, readonly Part[]>()

/** @returns the files that esbuild put into one bundle: it writes a comment with the name before the code of each */
function partsIn(url: string): readonly Part[] {
  const known = partsOf.get(url)
  if (known !== undefined) return known
  const code = readFileSync(fileURLToPath(url), 'utf8')
  const parts = [...code.matchAll(/^\/\/ (\S+\.js)$/gm)].map(({ 1: file, index }) => ({ file: file!, start: index }))
  partsOf.set(url, parts)
  return parts
}

const fileAt = (url: string, offset: number): string =>
  partsIn(url).findLast(({ start }) => start <= offset)?.file ?? url

const middle = (counts: readonly number[]): number => counts.toSorted((a, b) => a - b)[counts.length >> 1]!

async function oneRequest(clients: Clients, scenario: Scenario): Promise<void> {
  await clients.measure(scenario, 1, 1)
  // Work that the response does not wait for belongs to the request, too.
  await nextTurn()
}

async function countFunctions(send: () => Promise<void>): Promise<Omit<Path, 'promises'>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) {
    await session.post('Profiler.takePreciseCoverage')
    await send()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const ran = result
      .filter(({ url }) => url.startsWith(DIST))
      .flatMap(({ url, functions }) => functions.map(({ ranges }) => ({ url, ...ranges[0]! })))
      .filter(({ count }) => count > 0)
    rounds.push({
      functions: ran.length,
      files: new Set(ran.map(({ url, startOffset }) => fileAt(url, startOffset))).size,
      calls: ran.reduce((sum, { count }) => sum + count, 0)
    })
  }
  session.disconnect()
  return {
    functions: middle(rounds.map(({ functions }) => functions)),
    files: middle(rounds.map(({ files }) => files)),
    calls: middle(rounds.map(({ calls }) => calls))
  }
}

/** @returns how many promises `work` creates */
async function promisesOf(work: () => Promise<void>): Promise<number> {
  let created = 0
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') created++
    }
  })
  hook.enable()
  await work()
  hook.disable()
  return created
}

async function countPromises(send: () => Promise<void>): Promise<number> {
  const counts: number[] = []
  for (let round = 0; round < ROUNDS; round++) counts.push(await promisesOf(send))
  return middle(counts)
}

export async function countPath(clients: Clients, scenario: Scenario): Promise<Path> {
  await clients.measure(scenario, WARM_UP, 1)
  const send = () => oneRequest(clients, scenario)
  return { ...(await countFunctions(send)), promises: await countPromises(send) }
}
