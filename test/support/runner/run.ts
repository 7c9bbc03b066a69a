// node --import=./test/support/runner/register.js test/support/runner/run.ts [SUITE...] [OPTION OF TAP...]
//
// Runs the tests of these suites (suites.ts), or all tests.

import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { programsOf, root, SUITES, type Suite } from './suites.ts'

const isSuite = (name: string): name is Suite => SUITES.some((suite) => suite === name)

const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('-'))
const named = args.filter((arg) => !arg.startsWith('-'))
const unknown = named.find((name) => !isSuite(name))
if (unknown !== undefined) throw new Error(`there is no suite "${unknown}", only ${SUITES.join(', ')}`)
const suites: readonly Suite[] = named.length === 0 ? ['fast', 'redis', 'postgres', 'browser'] : named.filter(isSuite)
// One more than there are cores, because most of the tests of Redis and PostgreSQL wait.
const jobs = `--jobs=${availableParallelism() + 1}`
const tap = ['node_modules/.bin/tap', 'run', jobs, ...options, ...new Set(suites.flatMap(programsOf))]
const { status, error } = spawnSync(process.execPath, tap, { cwd: root, stdio: 'inherit' })
if (error !== undefined) throw error
process.exitCode = status ?? 1
