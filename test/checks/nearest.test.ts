import t from 'tap'
import { nearest, suggestion } from '../../lib/checks/nearest.ts'

t.test('the nearest name needs the fewest edits, in upper or lower case', async (t) => {
  const known = ['store', 'lifetime', 'rolling', 'cookieName']
  t.equal(nearest('livetime', known), 'lifetime')
  t.equal(nearest('roling', known), 'rolling')
  t.equal(nearest('COOKIENAME', known), 'cookieName')
  t.equal(nearest('stor', known), 'store')
  t.equal(nearest('strore', known), 'store')
})

t.test('a part of a name is near to it, and so is a longer name that contains it', async (t) => {
  const known = ['storeTimeout', 'store', 'gcTtl']
  t.equal(nearest('timeout', known), 'storeTimeout')
  t.equal(nearest('sessionStore', known), 'store')
  t.equal(nearest('tim', known), undefined, 'three letters occur in too many names')
})

t.test('if no name is near, there is no suggestion', async (t) => {
  const known = ['store', 'lifetime', 'name', 'secretKey', 'client', 'gcTtl']
  for (const name of ['zzz', 'url', 'password', 'secure', 'domain', 'x', ''])
    t.equal(nearest(name, known), undefined, name)
  t.equal(nearest('x', []), undefined)
})

t.test('a suggestion lists all known names', async (t) => {
  t.equal(suggestion('stor', ['store', 'name']), 'did you mean "store"? Known are store, name')
  t.equal(suggestion('zzz', ['store', 'name']), 'known are store, name')
})
