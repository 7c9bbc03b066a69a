import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * What test files need.
 * - `check`: only Node, and less than half a minute
 * - `fast`: only Node. All files of `check` are among them.
 * - `redis`: a Redis server
 * - `browser`: a browser. Its files may need a Redis server as well.
 */
export const SUITES = ['check', 'fast', 'redis', 'browser'] as const
export type Suite = (typeof SUITES)[number]

/** The files that need a process of their own. */
const ALONE: readonly string[] = [
  // These see the first warning of a kind, and a process warns once.
  'test/report.test.ts',
  'test/serializers/class-warning.test.ts',
  // In each second, a process checks only the first 100 responses for late changes. The other files send more.
  'test/behaviour/headers-sent.test.ts',
  'test/fastify/lost-changes.test.ts'
]

/** The files that take as long as all others together: `npm test` runs them, `npm run check` does not. */
const LONG: readonly string[] = [
  'test/behaviour/hanging.test.ts',
  'test/behaviour/interleavings-of-three.test.ts',
  'test/behaviour/one-session-at-once.test.ts'
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

function needs(file: string): 'nothing' | 'processes' | 'redis' | 'browser' {
  const files = [...withImports(file)]
  const imports = (name: string) => files.some((one) => sourceOf(one).includes(` from '${name}'`))
  if (imports('playwright-core')) return 'browser'
  if (files.includes('test/support/redis-server.ts')) return 'redis'
  return imports('node:child_process') ? 'processes' : 'nothing'
}

/** The benchmarks are a workspace, and its own `npm test` runs their tests. */
const isOurs = (file: string) => file.endsWith('.test.ts') && !file.startsWith('test/benchmarks/')

const filesThatNeed = (need: ReturnType<typeof needs>) =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((file) => isOurs(file) && needs(file) === need)
    .sort()

/** The files that share one process. */
export const together = () => filesThatNeed('nothing').filter((file) => !ALONE.includes(file) && !LONG.includes(file))

/** The programs that run the files of a suite. Each file has a process of its own, or shares the one of together.ts. */
export function programsOf(suite: Suite): readonly string[] {
  if (suite === 'redis' || suite === 'browser') return filesThatNeed(suite)
  const check = [relative(root, fileURLToPath(new URL('together.ts', import.meta.url))), ...ALONE]
  return suite === 'check' ? check : [...check, ...LONG, ...filesThatNeed('processes')]
}
