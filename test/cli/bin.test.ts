import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TYPESCRIPT } from '../support/typescript.ts'

const file = fileURLToPath(new URL('../../lib/cli/bin.ts', import.meta.url))
const run = (...args: string[]) => spawnSync(process.execPath, [TYPESCRIPT, file, ...args], { encoding: 'utf8' })

t.test('the process exits with the code of the command, and prints to stdout and stderr', async (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.match(run('--version'), { status: 0, stdout: `${version}\n`, stderr: '' })
  t.match(run('keygen', 'secret'), { status: 0, stdout: /^[\w-]{43}\n$/, stderr: '' })
  t.match(run('keygen', 'rsa'), { status: 2, stdout: '', stderr: /unknown kind "rsa"/ })
})
