import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../lib/index.ts'
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

t.test('the classes of the built package have the names under which it exports them', async (t) => {
  for (const [name, exported] of Object.entries(await import(`${built}index.js`))) {
    if (/^[A-Z]/.test(name) && typeof exported === 'function') t.equal(exported.name, name)
  }
})

t.test('the validator that the build generates refuses and completes options as Ajv does', async (t) => {
  const { default: generated } = (await import(`${built}index.js`)) as typeof import('../lib/index.ts')
  for (const [options] of REFUSED_OPTIONS) {
    t.equal(await messageOf(generated, options), await messageOf(starsessions, options))
  }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(generated, { cookie: { path: '/app' } })
  app.get('/app', async (request) => void ((await request.loadSession()).a = 1))
  const { headers } = await app.inject('/app')
  t.match(headers['set-cookie'], /; Path=\/app; HttpOnly; Secure; SameSite=Lax$/, 'the defaults are there')
})

async function messageOf(plugin: typeof starsessions, options: object): Promise<string> {
  try {
    await plugin(Fastify(), options)
  } catch (error) {
    return String(error)
  }
  throw new Error('the options are valid')
}
