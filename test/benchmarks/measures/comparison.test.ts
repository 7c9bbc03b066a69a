import t from 'tap'
import { AGAIN, BARE } from '../columns/index.ts'
import { oursInMemory } from '../columns/ours.ts'
import { compare, compareWithMedian } from './comparison.ts'

const round = (bare: number, again: number, ours: number) =>
  new Map([
    [BARE.name, bare],
    [AGAIN.name, again],
    [oursInMemory.name, ours]
  ])
const COLUMNS = [BARE, AGAIN, oursInMemory]

t.test('a cost is the median of the differences to the bare routes of the same round', async (t) => {
  const rounds = [round(10, 12, 15), round(20, 22, 26), round(10, 10, 90)]
  const { bare, above } = compare(rounds, COLUMNS)
  t.equal(bare.median, 11)
  t.equal(above.get(oursInMemory.name)?.median, 5, 'a round that another process disturbed does not matter')
  t.equal(above.get(AGAIN.name)?.median, 2)
  t.notOk(above.has(BARE.name))
})

t.test('a cost above the median does not depend on the bare route of its round', async (t) => {
  const rounds = [round(10, 10, 15), round(50, 50, 16), round(10, 10, 17)]
  t.equal(compareWithMedian(rounds, COLUMNS).above.get(oursInMemory.name)?.median, 6)
  t.equal(compare(rounds, COLUMNS).above.get(oursInMemory.name)?.median, 5)
})
