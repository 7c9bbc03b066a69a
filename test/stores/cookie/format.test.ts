import t from 'tap'
import { refusalByAge } from '../../../lib/stores/cookie/format.ts'

t.test('a cookie is refused above its maximum age, and more than a minute before it was written', async (t) => {
  for (const [now, refusal] of [
    [1_000, undefined],
    [1_060.999, undefined],
    [1_061, 'too-old'],
    [940, undefined],
    [939.999, 'future']
  ] as const) {
    t.equal(refusalByAge(1_000, 60, now), refusal, `${now}`)
  }
})
