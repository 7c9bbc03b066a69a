import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TYPESCRIPT } from './typescript.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs the check on a machine that has only the programs in `folder`. PostgreSQL and PgBouncer may also be in folders
 * outside of PATH, so both are named by variables. They are there, unless a test says otherwise.
 */
const ensure = (folder: string, variables: Record<string, string> = {}) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const args = [TYPESCRIPT, 'test/support/ensure-programs.ts']
    const env = { ...process.env, ...PRESENT, REDIS_SERVER: '', CHROMIUM: '', CI: '', PATH: folder, ...variables }
    execFile(process.execPath, args, { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr })
    })
  })

const PRESENT = { POSTGRES: process.execPath, PGBOUNCER: process.execPath }

async function program(folder: string, name: string, script = 'exit 0') {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

/** Puts a fake `apt-get` into the folder. It can install the packages in `known`. */
async function debian(folder: string, known: string) {
  await program(folder, 'env', 'shift; exec "$@"')
  await program(folder, 'sudo', 'shift; exec "$@"')
  await program(
    folder,
    'apt-get',
    `cd '${folder}'
    for name do :; done
    [ "$1" = install ] || exit 0
    case " ${known} " in *" $name "*) ;; *) exit 100 ;; esac
    echo '#!/bin/sh' > "$name"
    /bin/chmod 755 "$name"`
  )
}

t.test('if both programs run, nothing is printed and nothing is installed', async (t) => {
  const folder = t.testdir({})
  await program(folder, 'redis-server')
  for (const name of ['chromium', 'google-chrome', 'chromium-browser']) {
    const path = await program(folder, name)
    t.same(await ensure(folder), { code: 0, output: '' }, name)
    await writeFile(path, '#!/bin/sh\nexit 1\n')
  }
  const CHROMIUM = await program(folder, 'my-browser')
  t.same(await ensure(folder, { CHROMIUM }), { code: 0, output: '' }, 'a path in a variable')
  t.same(await ensure(folder, { CHROMIUM: 'my-browser' }), { code: 0, output: '' }, 'a name in a variable')
})

t.test('if the programs cannot be installed, one line says how to get both', async (t) => {
  t.same(await ensure(t.testdir({})), {
    code: 1,
    output:
      'The tests need redis-server and chromium, which cannot be started here. ' +
      'Debian: apt-get install redis-server chromium. macOS: brew install redis && brew install --cask chromium. ' +
      'Or set REDIS_SERVER and CHROMIUM to their paths.\n'
  })
})

t.test('if one program is missing, the line names only this one', async (t) => {
  const folder = t.testdir({})
  await program(folder, 'redis-server')
  t.same(await ensure(folder), {
    code: 1,
    output:
      'The tests need chromium, which cannot be started here. Debian: apt-get install chromium. ' +
      'macOS: brew install --cask chromium. Or set CHROMIUM to its path.\n'
  })
})

t.test('if PostgreSQL or PgBouncer is missing, the line names the package and the variable', async (t) => {
  const folder = t.testdir({})
  for (const name of ['redis-server', 'chromium', 'found']) await program(folder, name)
  for (const [variable, debian, macos] of [
    ['POSTGRES', 'postgresql', 'postgresql@17'],
    ['PGBOUNCER', 'pgbouncer', 'pgbouncer']
  ] as const) {
    t.same(await ensure(folder, { [variable]: 'missing' }), {
      code: 1,
      output:
        `The tests need missing, which cannot be started here. Debian: apt-get install ${debian}. ` +
        `macOS: brew install ${macos}. Or set ${variable} to its path.\n`
    })
    t.same(await ensure(folder, { [variable]: 'found' }), { code: 0, output: '' })
  }
})

t.test('on Debian, root and a CI server install what is missing', async (t) => {
  const folder = t.testdir({})
  await debian(folder, 'redis-server chromium')
  const { code, output } = await ensure(folder, { CI: 'true' })
  t.equal(code, 0, output)
  t.match(output, /^The tests need redis-server and chromium: installing with apt-get.*\n$/)
  t.same(await ensure(folder, { CI: 'true' }), { code: 0, output: '' }, 'the second run installs nothing')
})

t.test('if apt-get lacks one package, the other one is installed and the line names the missing one', async (t) => {
  const folder = t.testdir({})
  await debian(folder, 'redis-server')
  const { code, output } = await ensure(folder, { CI: 'true' })
  t.equal(code, 1)
  t.match(
    output,
    /^The tests need redis-server and chromium: .*\nThe tests need chromium, .*set CHROMIUM to its path\.\n$/
  )
})

t.test('if the path in a variable does not run, the line names it, and nothing is installed instead', async (t) => {
  const folder = t.testdir({})
  await debian(folder, 'redis-server chromium')
  await program(folder, 'redis-server')
  await program(folder, 'chromium')
  const { code, output } = await ensure(folder, { CI: 'true', REDIS_SERVER: '/nowhere/redis-server' })
  t.equal(code, 1)
  t.match(output, /^The tests need \/nowhere\/redis-server, which cannot be started here\. [^\n]*REDIS_SERVER[^\n]*\n$/)
})
