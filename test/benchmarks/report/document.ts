import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { FLAGS } from '../measures/processes.ts'
import { SCENARIOS, WHAT } from '../scenarios/scenarios.ts'
import { asMarkdown, type Section } from './table.ts'

const PACKAGES = [
  'fastify',
  '@fastify/cookie',
  '@fastify/session',
  '@fastify/secure-session',
  'express',
  'express-session',
  'iron-session',
  'connect-redis',
  'ioredis',
  'redis',
  'iovalkey',
  'autocannon'
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

/** @returns the text of docs/benchmarks.md */
export function benchmarkDocument(sections: readonly Section[], redisVersion: string, date: string): string {
  const [cpu] = cpus()
  return [
    '# Benchmarks',
    '',
    'Written by `npm run bench`. To repeat it, from a checkout, with redis-server installed:',
    '',
    '```sh',
    'npm ci && npm run bench',
    '```',
    '',
    'It takes between three and four minutes. Figures of one run can be compared with each other; another machine, or a busy one, has others. Every column first proves that it does what its scenario says.',
    '',
    '![CPU time a request above a bare route](benchmarks.svg)',
    '',
    ...[...SCENARIOS].sort().map((scenario) => `- ${scenario}: ${WHAT[scenario]}.`),
    '',
    `Measured on ${date}: ${cpus().length} × ${cpu?.model.trim()}, ${process.platform} ${process.arch}, Node ${process.versions.node}, Redis ${redisVersion} on loopback. V8's flags: \`${FLAGS.join(' ')}\`.`,
    '',
    `${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`,
    '',
    ...sections.map(asMarkdown)
  ].join('\n')
}
