import t from 'tap'
import blankSpace from 'ts-blank-space'
import { storeCases } from '../lib/store-conformance.ts'
import type { SessionStore } from '../types/store.ts'
import { blocksOf, PAGES } from './support/pages.ts'

const page = PAGES.find(({ file }) => file === 'docs/stores/your-own.md')!
const stores = blocksOf(page).filter(({ code }) => code.includes('implements SessionStore'))

/** Takes the class out of the program, and leaves the registration away. */
async function makerIn(code: string): Promise<() => SessionStore> {
  const [, made] = /store: (new \w+\([^\n]*?\)), lifetime/.exec(code)!
  const program = code.replace(/^import .*$/gm, '').replace(/^await app\.register.*$/m, '')
  const module = `${blankSpace(program)}\nexport const make = () => ${made}`
  return (await import(`data:text/javascript,${encodeURIComponent(module)}`)).make
}

t.test('the stores on the page "A store of your own" pass the tests of that page', async (t) => {
  t.equal(stores.length, 2)
  for (const { title, code } of stores) {
    const make = await makerIn(code)
    const cases = await storeCases(async () => ({ store: make() }))
    // At the same time, because some cases wait until a session is over.
    await Promise.all(cases.map((one) => t.resolves(one.run(), `${title}: ${one.title}`)))
  }
})
