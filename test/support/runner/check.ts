// npm run check: the types, the lint rules, and the tests that need only Node. Prints what is wrong, and one line.

import { spawn } from 'node:child_process'
import { root } from './suites.ts'

const TASKS = {
  types: ['node_modules/.bin/tsc'],
  lint: ['node_modules/.bin/biome', 'check', '--error-on-warnings', '.'],
  tests: [...process.execArgv, 'test/support/runner/run.ts', 'check', '--disable-coverage', '--reporter=terse']
}

const began = performance.now()
/** With CI, the reporter of tap does not draw its progress. */
const env = { ...process.env, CI: 'true' }

/** @returns whether the task succeeded */
function run(name: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) console.log(`${name}:\n${output}`)
      resolve(code === 0)
    })
  })
}

const failed: string[] = []
const runs = Object.entries(TASKS).map(async ([name, args]) => {
  if (!(await run(name, args))) failed.push(name)
})
await Promise.all(runs)
const seconds = Math.round((performance.now() - began) / 1_000)
console.log(
  failed.length === 0 ? `types, lint and tests are fine (${seconds} s)` : `failed: ${failed.join(', ')} (${seconds} s)`
)
process.exitCode = failed.length === 0 ? 0 : 1
