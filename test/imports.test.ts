import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

/** Files directly in lib/. The entry points are the top floor. The other files are the ground floor, below all folders but base. */
const ENTRY_POINTS = [
  'lib/express-store.ts',
  'lib/index.ts',
  'lib/postgres.ts',
  'lib/sodium.ts',
  'lib/sqlite.ts',
  'lib/store-conformance.ts',
  'lib/testing.ts'
]
const GROUND = 'lib'

/** The floors, from the top down. A file may import from its own folder and from any floor below. */
const FLOORS = [
  [...ENTRY_POINTS, 'lib/cli'],
  ['lib/conformance'],
  ['lib/fastify'],
  ['lib/lifecycle'],
  ['lib/session'],
  ['lib/record'],
  ['lib/stores', 'lib/serializers', 'lib/encryptors'],
  ['lib/http', 'lib/crypto', 'lib/checks'],
  [GROUND],
  ['lib/base'],
  ['types']
]
const MOST_FILES = 13
const MOST_LINES = 260

/** The folder of a file. An entry point counts as a folder of its own, and types/ counts as one folder. */
function homeOf(file: string): string {
  if (ENTRY_POINTS.includes(file)) return file
  const [top = '', folder = ''] = dirname(file).split('/')
  return folder === '' || top === 'types' ? top : `${top}/${folder}`
}
const floorOf = (file: string) => FLOORS.findIndex((floor) => floor.includes(homeOf(file)))

const files = ['lib', 'types'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
)
const sources = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
const sourceOf = (file: string) => sources.get(file) ?? ''

const importsOf = (file: string) =>
  [...sourceOf(file).matchAll(/(?:^(?:import|export)\b[^'\n]*(?:\n[^'\n]+)*?|\bimport\()'(\.[^']+)'/gm)].map(
    ([, specifier = '']) => normalize(join(dirname(file), specifier))
  )

t.test('a file imports only from its own folder and from the floors below', async (t) => {
  for (const file of files) {
    t.not(floorOf(file), -1, `${file} has a floor`)
    for (const target of importsOf(file)) {
      t.ok(homeOf(target) === homeOf(file) || floorOf(target) > floorOf(file), `${file} may import ${target}`)
    }
  }
})

t.test('no file imports itself through other files', async (t) => {
  const open = new Set<string>()
  const done = new Set<string>()
  const visit = (file: string): void => {
    t.notOk(open.has(file), `${file} is in no import circle`)
    if (done.has(file) || open.has(file)) return
    open.add(file)
    for (const target of importsOf(file)) visit(target)
    open.delete(file)
    done.add(file)
  }
  for (const file of files) visit(file)
})

t.test('only lib/fastify, and the tests of a store, import Fastify', async (t) => {
  for (const file of files) {
    if (/^(lib\/(fastify|conformance\/interleaving)\/|types\/fastify\.ts$)/.test(file)) continue
    t.notMatch(sourceOf(file), /\bfrom '(fastify|fastify-plugin|@fastify\/cookie)'/, file)
  }
})

t.test('no file of record, session or lifecycle imports a concrete store or encryptor', async (t) => {
  for (const file of files) {
    if (!/^lib\/(record|session|lifecycle)\//.test(file)) continue
    for (const target of importsOf(file)) t.notMatch(target, /^lib\/(stores|encryptors)\//, file)
  }
})

t.test('a folder has at most 13 files, and a file at most 260 lines', async (t) => {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    t.ok(files.filter((file) => dirname(file) === folder).length <= MOST_FILES, folder)
  }
  for (const file of files) t.ok(sourceOf(file).trimEnd().split('\n').length <= MOST_LINES, file)
})
