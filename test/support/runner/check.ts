// npm run check: the types, the lint rules, and the tests that need only Node. Prints what is wrong, and one line.

import { spawn } from 'node:child_process'
import { failuresOf } from './failures.ts'
import { programsOf, root } from './suites.ts'

const began = performance.now()
// The same time limit as in .taprc.
const env = { ...process.env, TAP_TIMEOUT: '300' }
const failed: string[] = []
let assertions = 0

/**
 * @param shorten gives the part of the output that says what is wrong, if there is such a part
 * @returns what the program printed
 */
function run(name: string, args: readonly string[], shorten = (_: string) => ''): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) {
        failed.push(name)
        console.log(`${name}:\n${shorten(output) || output + errors}`)
      }
      resolve(output)
    })
  })
}

async function test(program: string) {
  const output = await run(program, [...process.execArgv, program], failuresOf)
  const [, total = 0] = /^# \{ total: (\d+)/m.exec(output) ?? []
  assertions += Number(total)
}

async function others(programs: readonly string[]) {
  await run('types', ['node_modules/.bin/tsc'])
  await run('lint', ['node_modules/.bin/biome', 'check', '--error-on-warnings', '.'])
  for (const program of programs) await test(program)
}

// The first program takes as long as all the rest.
const [shared = '', ...programs] = programsOf('check')
await Promise.all([test(shared), others(programs)])
const seconds = Math.round((performance.now() - began) / 1_000)
const verdict =
  failed.length === 0 ? `${assertions} assertions passed, types and lint are fine` : `failed: ${failed.join(', ')}`
console.log(`${verdict} (${seconds} s)`)
process.exitCode = failed.length === 0 ? 0 : 1
