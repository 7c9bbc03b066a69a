// node --import=./test/support/runner/register.js test/support/runner/run.ts SUITE... [OPTION OF TAP...]
//
// Runs the tests of these suites (suites.ts).

import { spawnSync } from 'node:child_process'
import { programsOf, root, SUITES, type Suite } from './suites.ts'

const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith('--'))
const named = args.filter((arg) => !arg.startsWith('--'))
const isSuite = (name: string): name is Suite => SUITES.some((suite) => suite === name)
const unknown = named.filter((name) => !isSuite(name))
if (named.length === 0 || unknown.length > 0) throw new Error(`name suites: ${SUITES.join(', ')}; not ${unknown}`)
const tap = ['node_modules/.bin/tap', 'run', ...options, ...new Set(named.filter(isSuite).flatMap(programsOf))]
const { status, error } = spawnSync(process.execPath, tap, { cwd: root, stdio: 'inherit' })
if (error !== undefined) throw error
process.exitCode = status ?? 1
