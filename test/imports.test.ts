import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

/** The files of lib/ itself: the entry points are above all folders, and the others, the ground, are below them. */
const ENTRY_POINTS = ['lib/index.ts', 'lib/testing.ts']
const GROUND = 'lib'

/** From the top floor down: a file may import its own folder and any floor below it. */
const FLOORS = [
  [...ENTRY_POINTS, 'lib/cli'],
  ['lib/fastify'],
  ['lib/lifecycle'],
  ['lib/session'],
  ['lib/record'],
  ['lib/stores', 'lib/serializers', 'lib/encryptors'],
  ['lib/http', 'lib/crypto', 'lib/checks'],
  [GROUND],
  ['types']
]
const MOST_FILES = 13
const MOST_LINES = 260

/** The folder that a file is in; an entry point stands for itself. */
function homeOf(file: string): string {
  if (ENTRY_POINTS.includes(file)) return file
  const [top = '', folder = ''] = dirname(file).split('/')
  return folder === '' ? top : `${top}/${folder}`
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

t.test('a file imports its own folder and the floors below it', async (t) => {
  for (const file of files) {
    t.not(floorOf(file), -1, `${file} has a floor`)
    for (const target of importsOf(file)) {
      t.ok(homeOf(target) === homeOf(file) || floorOf(target) > floorOf(file), `${file} may import ${target}`)
    }
  }
})

t.test('no file imports itself by way of others', async (t) => {
  const open = new Set<string>()
  const done = new Set<string>()
  const visit = (file: string): void => {
    t.notOk(open.has(file), `${file} is in no circle`)
    if (done.has(file) || open.has(file)) return
    open.add(file)
    for (const target of importsOf(file)) visit(target)
    open.delete(file)
    done.add(file)
  }
  for (const file of files) visit(file)
})

t.test('only lib/fastify knows Fastify', async (t) => {
  for (const file of files) {
    if (file.startsWith('lib/fastify/') || file === 'types/fastify.ts') continue
    t.notMatch(sourceOf(file), /\bfrom '(fastify|fastify-plugin|@fastify\/cookie)'/, file)
  }
})

t.test('between the stores and the plugin, no file knows a concrete store or encryptor', async (t) => {
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
