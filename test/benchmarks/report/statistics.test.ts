import t from 'tap'
import { isSurelyDearer, sampleOf } from './statistics.ts'

t.test('a sample is the median and half of the interquartile range', async (t) => {
  t.same(sampleOf([5]), { median: 5, spread: 0 })
  t.same(sampleOf([4, 1, 3, 2]), { median: 2.5, spread: 0.75 })
  t.same(sampleOf([1, 2, 3, 4, 1_000]), { median: 3, spread: 1 }, 'an outlier does not matter')
})

t.test('a column is surely dearer only if neither the spread nor a tiny divisor can explain it', async (t) => {
  const of = (median: number, spread = 0) => ({ median, spread })
  t.equal(isSurelyDearer(of(13), 3, of(4)), true)
  t.equal(isSurelyDearer(of(11), 3, of(4)), false)
  t.equal(isSurelyDearer(of(13, 1), 3, of(4)), false, 'our figure may be wrong by that much')
  t.equal(isSurelyDearer(of(13), 3, of(4, 0.5)), false, 'the other figure may be wrong by that much')
  t.equal(isSurelyDearer(of(2.9), 3, of(-4)), false, 'a divisor below one microsecond counts as one')
})
