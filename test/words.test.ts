import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** A declaration at the start of a line: `export const x`, `interface X`, `const { a, b }`. */
const DECLARATION =
  /^(?:export )?(?:default |declare |abstract |async )*(?:function\*?|class|const|let|var|type|interface) (\w+|[{[][^}\]]*[}\]])/gm

const sources = ['lib', 'types'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
)

/** The names that a file declares at its top level. `export { x } from` and `export type { x } from` declare none. */
function declaredIn(file: string): Set<string> {
  const names = new Set<string>()
  for (const [text, declared = ''] of readFileSync(file, 'utf8').matchAll(DECLARATION)) {
    if (/^export type \{/.test(text)) continue
    for (const [name] of declared.matchAll(/\w+/g)) names.add(name)
  }
  return names
}

t.test('a top-level name of lib/ and types/ is declared in one file, so each word has one meaning', async (t) => {
  const filesOf = new Map<string, string[]>()
  for (const file of sources) {
    for (const name of declaredIn(file)) filesOf.set(name, [...(filesOf.get(name) ?? []), file])
  }
  t.ok(filesOf.size > 100, `${filesOf.size} names are found`)
  for (const [name, files] of filesOf) t.equal(files.length, 1, `${name} in ${files.join(', ')}`)
})
