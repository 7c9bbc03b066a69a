import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Groups of test files.
 * - `check`: need only Node, and take less than a minute together
 * - `fast`: need only Node. The files of `check` are among them.
 * - `redis`: need a Redis server
 * - `postgres`: need a PostgreSQL server
 * - `browser`: need a browser
 * - `line`: what can differ from one line of Node to another, so all of `fast`, `redis` and `postgres` that does not take long
 */
export const SUITES = ['check', 'fast', 'redis', 'postgres', 'browser', 'line'] as const
export type Suite = (typeof SUITES)[number]

/** The files that need a process of their own. */
const ALONE: readonly string[] = [
  // These see the first warning of a kind, and a process warns once.
  'test/report.test.ts',
  'test/serializers/class-warning.test.ts',
  // In each second, a process checks only the first 100 responses for late changes. The other files send more.
  'test/behaviour/headers-sent.test.ts',
  'test/fastify/lost-changes.test.ts',
  // It counts the timers of the process.
  'test/lifecycle/order/turns.test.ts'
]

/** The files that take half of the time of all tests. They try many orders of store operations, or very many requests. */
const LONG: readonly string[] = [
  'test/behaviour/hanging.test.ts',
  'test/behaviour/interleavings-of-three.test.ts',
  'test/behaviour/one-session-at-once.test.ts',
  'test/behaviour/users-in-every-order.test.ts',
  'test/postgres/interleavings.test.ts',
  'test/postgres/pglite.test.ts',
  'test/redis/cluster-interleavings.test.ts',
  'test/redis/interleavings.test.ts',
  'test/redis/one-session-at-once.test.ts',
  'test/redis/sentinel-interleavings.test.ts'
]

const sources = new Map<string, string>()
function sourceOf(file: string): string {
  const source = sources.get(file) ?? readFileSync(join(root, file), 'utf8')
  sources.set(file, source)
  return source
}

/** A test file, the files of test/ that it imports, the files that those import, and so on. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, specifier = ''] of sourceOf(file).matchAll(/^(?:import|export|\}) [^'\n]*'(\.[^']+)'/gm)) {
    const imported = join(dirname(file), specifier)
    if (imported.startsWith('test/')) withImports(imported, found)
  }
  return found
}

function needs(file: string): 'nothing' | 'processes' | 'redis' | 'postgres' | 'browser' {
  const files = [...withImports(file)]
  const imports = (name: string) => files.some((one) => sourceOf(one).includes(` from '${name}'`))
  if (imports('playwright-core')) return 'browser'
  if (files.includes('test/support/redis-server.ts')) return 'redis'
  if (files.includes('test/support/postgres-server.ts')) return 'postgres'
  return imports('node:child_process') ? 'processes' : 'nothing'
}

/** The benchmarks are a workspace, and its own `npm test` runs their tests. */
const isOurs = (file: string) => file.endsWith('.test.ts') && !file.startsWith('test/benchmarks/')

const filesThatNeed = (need: ReturnType<typeof needs>) =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((file) => isOurs(file) && needs(file) === need)
    .sort()

const isShort = (file: string) => !LONG.includes(file)

/** The files that share one process. */
export const together = () => filesThatNeed('nothing').filter((file) => isShort(file) && !ALONE.includes(file))

/** The programs that run the files of a suite. Each file has a process of its own, or shares the one of together.ts. */
export function programsOf(suite: Suite): readonly string[] {
  const shared = relative(root, fileURLToPath(new URL('together.ts', import.meta.url)))
  switch (suite) {
    case 'check':
      return [shared, ...ALONE]
    case 'fast':
      return [
        shared,
        ...ALONE,
        ...filesThatNeed('nothing').filter((file) => !isShort(file)),
        ...filesThatNeed('processes')
      ]
    case 'line':
      return [...programsOf('fast'), ...programsOf('redis'), ...programsOf('postgres')].filter(isShort)
    default:
      return filesThatNeed(suite)
  }
}
