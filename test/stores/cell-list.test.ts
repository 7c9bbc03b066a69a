import t, { type Test } from 'tap'
import { CellList, NOBODY } from '../../lib/stores/cell-list.ts'

const SIZE = 16_384
/** Cells of `SIZE` bytes in a page. */
const IN_A_PAGE = 4

const bytes = (fill: number) => Buffer.alloc(SIZE, fill)

/** @returns how many pages have been made since */
function countPages(t: Test): () => number {
  const { allocUnsafeSlow } = Buffer
  let pages = 0
  Buffer.allocUnsafeSlow = (size) => {
    pages++
    return allocUnsafeSlow(size)
  }
  t.teardown(() => {
    Buffer.allocUnsafeSlow = allocUnsafeSlow
  })
  return () => pages
}

t.test('the last cell takes the place of one that is removed, and its owner is named', async (t) => {
  const cells = new CellList(SIZE)
  for (let owner = 0; owner < 6; owner++) t.equal(cells.add(owner, bytes(owner)), owner)
  t.equal(cells.remove(1), 5)
  t.same(cells.get(1, SIZE), bytes(5))
  t.equal(cells.remove(4), NOBODY, 'it was the last one itself')
  cells.own(3, 30)
  t.equal(cells.remove(0), 30)
  t.same(cells.get(0, SIZE), bytes(3))
})

t.test('memory behind the end is given back, but for a page', async (t) => {
  const pages = countPages(t)
  const cells = new CellList(SIZE)
  for (let owner = 0; owner < 3 * IN_A_PAGE; owner++) cells.add(owner, bytes(owner))
  t.equal(pages(), 3)
  for (let round = 0; round < 10; round++) {
    cells.add(0, bytes(0))
    cells.remove(3 * IN_A_PAGE)
  }
  t.equal(pages(), 4, 'a length that goes up and down makes no page each time')
  for (let last = 3 * IN_A_PAGE - 1; last >= 0; last--) cells.remove(last)
  for (let owner = 0; owner < 3 * IN_A_PAGE; owner++) cells.add(owner, bytes(owner))
  t.equal(pages(), 6, 'one was kept')
})

t.test('a cell that is a page of its own leaves none behind', async (t) => {
  const pages = countPages(t)
  const cells = new CellList(100_000)
  for (let round = 1; round <= 3; round++) {
    const cell = cells.add(0, Buffer.alloc(100_000, round))
    t.same(cells.get(cell, 100_000), Buffer.alloc(100_000, round))
    cells.remove(cell)
    t.equal(pages(), round)
  }
})

t.test('bytes and texts are compared where they lie', async (t) => {
  const cells = new CellList(64)
  cells.add(0, Buffer.from('alice'))
  const cell = cells.add(1, Buffer.from('bob'))
  t.equal(cells.equals(cell, Buffer.from('bob')), true)
  t.equal(cells.equals(cell, Buffer.from('rob')), false)
  t.equal(cells.equalsText(cell, 3, 'bob'), true)
  t.equal(cells.equalsText(cell, 3, 'rob'), false)
})
