import t from 'tap'
import { PARTS, parseArguments } from './arguments.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'

t.test('a whole run measures everything and writes the report', async (t) => {
  t.same(parseArguments([]), { quick: false, scenarios: SCENARIOS, parts: PARTS, peers: true, write: true })
})

t.test('a quick or partial run writes the report only with --write', async (t) => {
  t.match(parseArguments(['--quick']), { quick: true, scenarios: [], peers: false, write: false })
  t.same(parseArguments(['--quick']).parts, ['http', 'cold'], 'the first table alone')
  t.match(parseArguments(['--quick', '--peers', '--write']), { peers: true, write: true })
  t.match(parseArguments(['--only', 'S1']), { peers: true, write: false })
})

t.test('--only takes scenarios and parts, in any order', async (t) => {
  const { scenarios, parts } = parseArguments(['--quick', '--only', 'memory,S2,http,S1'])
  t.same(
    [scenarios, parts],
    [
      ['S1', 'S2'],
      ['http', 'memory']
    ]
  )
})

t.test('an unknown argument is named in the error', async (t) => {
  t.throws(() => parseArguments(['--only', 'S1,S9']), { message: /^--only S9: .*S0.*queue, import/ })
  t.throws(() => parseArguments(['--fast']), { message: /--fast/ })
})
