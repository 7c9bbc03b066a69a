import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { SCENARIOS, WHAT } from '../scenarios/scenarios.ts'
import { asMarkdown, type Section } from './table.ts'

const PACKAGES = [
  'fastify',
  '@fastify/cookie',
  '@fastify/session',
  '@fastify/secure-session',
  '@mgcrea/fastify-session',
  '@mgcrea/fastify-session-sodium-crypto',
  'express',
  'express-session',
  'iron-session',
  'connect-redis',
  'ioredis',
  'redis',
  'iovalkey'
]

const require = createRequire(import.meta.url)

/** Reads the file itself, because some packages do not export their package.json. */
function versionOf(name: string): string {
  const folder = (require.resolve.paths(name) ?? []).map((path) => `${path}/${name}/package.json`)
  for (const path of folder) {
    try {
      return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
    } catch {
      // The package is in a folder further up.
    }
  }
  return 'unknown'
}

/** @returns the text of docs/benchmarks.md. The first section stands above everything but the picture. */
export function benchmarkDocument(sections: readonly Section[], redisVersion: string, date: string): string {
  const [cpu] = cpus()
  const [first, ...others] = sections.map(asMarkdown)
  return [
    '# Benchmarks',
    '',
    '![CPU time of the server for each request, over HTTP](benchmarks.svg)',
    '',
    ...[...SCENARIOS].sort().map((scenario) => `- ${scenario}: ${WHAT[scenario]}.`),
    '',
    ...(first === undefined ? [] : [first]),
    '## What the figures mean',
    '',
    `Measured on ${date}: ${cpus().length} × ${cpu?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}, Redis ${redisVersion} on loopback.`,
    '',
    'A request costs what the bare route costs plus the figure in the table. A cost of 10 µs takes one percent of a core at 1,000 requests a second. Compare figures of this page with each other only: another machine, or a busy one, has others.',
    '',
    'The figures do not show what the libraries promise: this one loses no write of parallel requests and lets no request undo a logout, and the others do. They do not show latency either. Redis adds a round trip for each command, and how long that takes depends on your network.',
    '',
    'Every column first proves that it does what its scenario says: the answer, the store calls and the cookie.',
    '',
    `Versions: ${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
    '',
    'To repeat it, from a checkout, with redis-server installed:',
    '',
    '```sh',
    'npm ci && npm run bench',
    '```',
    '',
    'This takes seven to eight minutes and writes this page. `npm run bench -- --quick` takes about a minute and shows the first table for a few columns.',
    '',
    ...others
  ].join('\n')
}
