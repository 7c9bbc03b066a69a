import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** A declaration that an editor shows to a user, with the doc comment before it. */
interface Declared {
  readonly line: string
  /** Empty without a doc comment. */
  readonly comment: string
  /** The interface or class that it is a member of. */
  readonly owner: string
}

const EXPORTED = /^export (?:async |abstract )?(?:interface|type|class|function|const) (\w+)/
/** A member of an interface or an object type: `name:`, `name?:`, `name(`, `name<`, `'a name':` or `[Key in Name]:`. */
const TYPE_MEMBER = /^ +(?:readonly )?(?:\w+|'[^']+'|\[\w+ in .+\])\??[:(<]/
/** A member of a class, but not a private one, which begins with #. */
const CLASS_MEMBER = /^ {2}(?:(?:static|readonly|async|get|set|override) )*\w+(?:[:(<;]| =)/

/** The declarations of formatted source text. */
function declarationsIn(source: string): Declared[] {
  const found: Declared[] = []
  let comment = ''
  let owner = ''
  let isClass = false
  let parentheses = 0
  for (const line of source.split('\n')) {
    const text = line.trim()
    if (/^(?:\/\*\*|\*)/.test(text)) {
      comment = text.startsWith('/**') ? text : `${comment}\n${text}`
      continue
    }
    if (text.startsWith('//')) continue
    const [, name] = line.match(EXPORTED) ?? line.match(/^ *(?:interface|type|class) (\w+)/) ?? []
    if (name !== undefined) [owner, isClass] = [name, / class /.test(` ${line}`)]
    const isMember = parentheses === 0 && owner !== '' && (isClass ? CLASS_MEMBER : TYPE_MEMBER).test(line)
    if (EXPORTED.test(line) || isMember) found.push({ line: text, comment, owner })
    parentheses += line.split('(').length - line.split(')').length
    if (line === '}') owner = ''
    comment = ''
  }
  return found
}

const read = (file: string) => readFileSync(file, 'utf8')
const typeFiles = readdirSync('types', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const index = read('lib/index.ts')

/** The entry points that export one class. */
const CLASS_ENTRIES = ['lib/postgres.ts', 'lib/sodium.ts', 'lib/sqlite.ts']

/** Each exported class, and its source text from the class to the closing brace. */
const classes = [
  ...index.matchAll(/^import \{ ([A-Z]\w+) \} from '\.\/(.+)'$/gm),
  ...CLASS_ENTRIES.flatMap((file) => [...read(file).matchAll(/^export \{ ([A-Z]\w+) \} from '\.\/(.+)'$/gm)])
].map(([, name = '', path = '']) => {
  const source = read(join('lib', path))
  const [text = ''] =
    source.match(new RegExp(`(?:^/\\*\\*\\n(?: \\*.*\\n)+)?^export class ${name} [\\s\\S]*?^\\}`, 'm')) ?? []
  return { name, text }
})

t.test('each public type, and each member of it, has a doc comment', async (t) => {
  for (const name of typeFiles) {
    const declarations = declarationsIn(read(join('types', name)))
    if (name !== 'index.ts') t.ok(declarations.length > 0, name)
    for (const { line, comment } of declarations) t.not(comment, '', `types/${name}: ${line}`)
  }
})

t.test('each option that may be left out names its default', async (t) => {
  for (const name of typeFiles) {
    for (const { line, comment, owner } of declarationsIn(read(join('types', name)))) {
      if (/Options$/.test(owner) && /^(?:readonly )?\w+\?:/.test(line))
        t.match(comment, /@default/, `${owner}: ${line}`)
    }
  }
})

t.test('each exported class, with its constructor and its public members, has a doc comment', async (t) => {
  t.same(
    classes.map(({ name }) => name).sort(),
    (await Promise.all(['lib/index.ts', ...CLASS_ENTRIES].map((file) => import(`../${file}`))))
      .flatMap((entry) => Object.keys(entry))
      .filter((name) => /^[A-Z]/.test(name) && !/^AAL\d$/.test(name))
      .sort()
  )
  for (const { name, text } of classes) {
    const declarations = declarationsIn(text)
    t.ok(declarations.length > 1, name)
    for (const { line, comment } of declarations) t.not(comment, '', `${name}: ${line}`)
  }
})

t.test('the plugin and the functions for tests have a doc comment', async (t) => {
  t.match(index, /\*\/\nconst starsessions = /)
  const functions = ['lib/testing.ts', 'lib/store-conformance.ts', 'lib/stores/express.ts'].flatMap((file) =>
    declarationsIn(read(file)).filter(({ line }) => line.startsWith('export'))
  )
  t.same(functions.length, 5)
  for (const { line, comment } of functions) t.not(comment, '', line)
})

t.test('the package exports types from types/ alone', async (t) => {
  for (const [file, exported] of [
    ['lib/index.ts', "'../types/index.ts'"],
    ['lib/postgres.ts', "'../types/stores/postgres.ts'"],
    ['lib/sqlite.ts', "'../types/stores/sqlite.ts'"],
    ['lib/testing.ts', "'../types/testing.ts'"],
    ['lib/store-conformance.ts', "'../types/store-conformance.ts'"],
    ['lib/express-store.ts', "'../types/clients/express-store.ts'"]
  ] as const) {
    const lines = read(file).match(/^export type .*$/gm)
    t.same(lines, [`export type * from ${exported}`], file)
  }
})

t.test('the test finds a declaration without a doc comment', async (t) => {
  const source = `/** Has one. */
export interface Store {
  read(id: string): unknown
  /** Has one. */
  write(
    id: string
  ): unknown
  readonly name?: string
}

export class Kept {
  readonly #hidden = 1
  constructor() {
    this.name = 1
  }
  static make(): Kept {}
}
export const a = 1
`
  const without = declarationsIn(source).filter(({ comment }) => comment === '')
  t.same(
    without.map(({ line }) => line),
    [
      'read(id: string): unknown',
      'readonly name?: string',
      'export class Kept {',
      'constructor() {',
      'static make(): Kept {}',
      'export const a = 1'
    ]
  )
})
