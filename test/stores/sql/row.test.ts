import t from 'tap'
import { bufferOf, keyOfRow } from '../../../lib/stores/sql/row.ts'

t.test('the key of a row is the SHA-256 of the id', async (t) => {
  t.equal(keyOfRow('abc').toString('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

t.test('a buffer has the bytes of the view, and shares its memory', async (t) => {
  const bytes = new Uint8Array([1, 2, 3, 4])
  const buffer = bufferOf(bytes.subarray(1, 3))
  t.same([...buffer], [2, 3])
  bytes[1] = 9
  t.same([...buffer], [9, 3])
})
