import t from 'tap'
import { AAL1, AAL2, AAL3 } from '../lib/assurance.ts'
import { resolveOptions } from '../lib/fastify/options.ts'

t.test('the presets are the time limits of NIST SP 800-63B-4', async (t) => {
  const day = 86_400
  const expected = [
    { lifetime: 30 * day, rolling: false, absoluteLifetime: undefined },
    { lifetime: 3_600, rolling: true, absoluteLifetime: day },
    { lifetime: 900, rolling: true, absoluteLifetime: day / 2 }
  ]
  for (const [index, preset] of [AAL1, AAL2, AAL3].entries()) {
    t.match(resolveOptions({ ...preset }).expiry, expected[index])
  }
})
