import t from 'tap'
import { nearest } from '../lib/nearest.ts'

t.test('the nearest name takes the fewest edits, whatever its case', async (t) => {
  const known = ['store', 'lifetime', 'rolling', 'cookieName']
  t.equal(nearest('livetime', known), 'lifetime')
  t.equal(nearest('roling', known), 'rolling')
  t.equal(nearest('COOKIENAME', known), 'cookieName')
  t.equal(nearest('stor', known), 'store')
  t.equal(nearest('', known), 'store')
  t.equal(nearest('x', []), '')
})
