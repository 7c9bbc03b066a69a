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
  'connect-pg-simple',
  'ioredis',
  'redis',
  'iovalkey',
  'pg',
  'better-sqlite3'
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

/**
 * @param servers their names and versions
 * @returns the text of docs/benchmarks.md. The first section stands above everything but the picture.
 */
export function benchmarkDocument(sections: readonly Section[], servers: string, date: string): string {
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
    `Measured on ${date}: ${cpus().length} × ${cpu?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}, ${servers} on loopback.`,
    '',
    'A request costs what the bare route costs plus the figure in the table. A cost of 10 µs takes one percent of a core at 1,000 requests a second. Compare figures of this page with each other only: another machine, or a busy one, has others.',
    '',
    'The figures do not show what the libraries promise. With a server-side store, this library loses no write of parallel requests, and no request in flight undoes a logout. The others promise neither. Their memory stores keep the object of a session itself, while ours keeps bytes.',
    '',
    'The figures do not show latency either. Each command to Redis is a round trip, and how long that takes depends on your network.',
    '',
    'Every column first proves that it does what its scenario says: the answer, the store calls and the cookie. Options are set so that each library writes only what has changed. @mgcrea/fastify-session has no method for a new id, so its login destroys the session and creates another one.',
    '',
    `Versions: ${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
    '',
    'To repeat it, from a checkout, with redis-server and PostgreSQL installed:',
    '',
    '```sh',
    'npm ci && npm run bench',
    '```',
    '',
    'This takes about eight minutes and writes this page. `npm run bench -- --quick` takes about a minute and shows the first table for a few columns.',
    '',
    ...others
  ].join('\n')
}
