import t from 'tap'
import { integers, numbers, PAGE_SIZE } from '../../lib/stores/paged-array.ts'

t.test('what was set is there, over the ends of pages', async (t) => {
  for (const [list, valueAt] of [
    [integers(), (index: number) => index],
    [numbers(), (index: number) => index / 3]
  ] as const) {
    const length = 3 * PAGE_SIZE + 1
    for (let index = 0; index < length; index++) list.set(index, valueAt(index))
    list.set(PAGE_SIZE, valueAt(1))
    for (let index = 0; index < length; index++) {
      const expected = valueAt(index === PAGE_SIZE ? 1 : index)
      if (list.get(index) !== expected) t.fail(`${list.get(index)} at ${index}, not ${expected}`)
    }
    t.equal(list.get(length - 1), valueAt(length - 1))
  }
})

t.test('memory behind the end is given back, but for a page', async (t) => {
  const list = integers()
  for (let index = 0; index < 3 * PAGE_SIZE; index++) list.set(index, 1)
  for (let length = 3 * PAGE_SIZE - 1; length >= 0; length--) list.truncate(length)
  t.equal(list.get(PAGE_SIZE), 1, 'a page is kept')
  t.throws(() => list.get(2 * PAGE_SIZE), TypeError, 'this one is not')
  list.set(0, 2)
  t.equal(list.get(0), 2)
})
