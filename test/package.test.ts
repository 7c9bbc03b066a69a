import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { validated } from '../lib/fastify/valid-options.ts'
import { REFUSED_OPTIONS } from './support/refused-options.ts'

const built = new URL('../dist/lib/', import.meta.url)
if (!existsSync(built)) throw new Error('dist/ is missing: run `npm run build` first')

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** Prints the packages of CommonJS that the import loads. tap's own are there before. */
const PROGRAM = `
  import { createRequire } from 'node:module'
  const { cache } = createRequire(import.meta.url)
  const before = new Set(Object.keys(cache))
  await import('./dist/lib/index.js')
  const files = Object.keys(cache).filter((file) => !before.has(file))
  const names = files.map((file) => file.split(/[\\\\/]node_modules[\\\\/]/).at(-1).match(/^(@[^\\\\/]+.)?[^\\\\/]+/)[0])
  console.log(JSON.stringify([...new Set(names)].sort()))`

t.test('importing the package loads four small packages, and not Ajv', async (t) => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', PROGRAM], { cwd: root })
  t.same(JSON.parse(stdout), ['@fastify/cookie', '@fastify/error', 'fastify-plugin', 'secure-json-parse'])
})

t.test('the validator that the build generates refuses and completes options as Ajv does', async (t) => {
  const generated: typeof import('../lib/fastify/valid-options.ts') = await import(`${built}fastify/valid-options.js`)
  for (const [options] of REFUSED_OPTIONS) {
    t.equal(
      messageOf(() => generated.validated(options)),
      messageOf(() => validated(options))
    )
  }
  t.same(generated.validated({ cookie: { path: '/app' } }), validated({ cookie: { path: '/app' } }))
})

function messageOf(check: () => unknown): string {
  try {
    check()
  } catch (error) {
    return String(error)
  }
  throw new Error('the options are valid')
}
