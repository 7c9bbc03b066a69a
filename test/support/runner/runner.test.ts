import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { TYPESCRIPT } from '../typescript.ts'

const SECOND = "import t from 'tap'\nt.test('the second file', async (t) => t.pass())\n"

/** Runs a test file of its own, and in one process with a second file. Returns the exit codes and what was printed. */
function results(name: string, body: string) {
  const source = `import t from 'tap'\nconst pause = () => new Promise((resolve) => setTimeout(resolve, 50))\n${body}\n`
  const program = `
    import { run } from '${new URL('file-test.ts', import.meta.url)}'
    for (const file of ['first.test.ts', 'second.test.ts']) await run(file)\n`
  const folder = t.testdir({ [name]: { 'first.test.ts': source, 'second.test.ts': SECOND, 'program.ts': program } })
  return ['first.test.ts', 'program.ts'].map((file) => {
    const cwd = join(folder, name)
    const { status, stdout } = spawnSync(process.execPath, [TYPESCRIPT, file], { cwd, encoding: 'utf8' })
    return { status, stdout }
  })
}

t.test('test files that succeed are green, in processes of their own and in one process', async (t) => {
  const [alone, shared] = results('green', "t.test('a', async (t) => t.pass('it runs'))")
  t.match(alone, { status: 0, stdout: /ok 1 - a/ })
  t.match(shared, { status: 0, stdout: /ok 1 - first\.test\.ts.*ok 2 - second\.test\.ts/s })
})

const RED = {
  'an assertion that fails': "t.test('a', async (t) => t.ok(false, 'what happened'))",
  'an error while the file is imported': "t.test('a', async (t) => t.pass())\nthrow new Error('what happened')",
  'an error in a test': "t.test('a', async () => { throw new Error('what happened') })",
  'an uncaught error during a test':
    "t.test('a', async (t) => { setTimeout(() => { throw new Error('what happened') }); await pause(); t.pass() })",
  'an uncaught error during a test within a test': `t.test('a', async (t) => {
    await t.test('b', async (t) => { setTimeout(() => { throw new Error('what happened') }); await pause(); t.pass() })
  })`,
  'an unhandled rejection during a test':
    "t.test('a', async (t) => { Promise.reject(new Error('what happened')); await pause(); t.pass() })",
  'an unhandled rejection after a test':
    "t.test('a', async (t) => { setTimeout(() => Promise.reject(new Error('what happened'))); t.pass() })\nt.test('b', pause)"
}

for (const [what, body] of Object.entries(RED)) {
  t.test(`${what} makes a file red, in a process of its own and in one process with others`, async (t) => {
    for (const result of results(what.replaceAll(' ', '-'), body)) {
      t.match(result, { status: 1, stdout: /not ok .*what happened/s })
    }
  })
}

t.test('a file that shares its process cannot hide the unhandled rejections of later files', async (t) => {
  const body = "t.test('a', async (t) => t.pass())\nprocess.on('unhandledRejection', () => {})"
  const [alone, shared] = results('listening', body)
  t.match(alone, { status: 0 })
  t.match(shared, { status: 1, stdout: /the file still listens for unhandledRejection/ })
})
