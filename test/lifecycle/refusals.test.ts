import t from 'tap'
import { Refusals } from '../../lib/lifecycle/refusals.ts'

function logged() {
  const lines: { reason: string; msg: string }[] = []
  const warn = ({ reason }: { reason: string }, msg: string) => void lines.push({ reason, msg })
  return { lines, log: { debug() {}, error() {}, warn } as never }
}

const record = (reason: 'undecryptable' | 'expired') =>
  ({ kind: 'unusable', reason, id: 'id', bytes: Buffer.from('secret') }) as const

t.test('each unusable record causes a warning with its reason and a remedy', async (t) => {
  const { lines, log } = logged()
  const refusals = new Refusals()
  for (const reason of ['undecryptable', 'undecryptable'] as const) refusals.tell(record(reason), log)
  t.match(lines, [
    { reason: 'undecryptable', msg: /deploy the new key at the end of the list everywhere first/ },
    { reason: 'undecryptable' }
  ])
  t.notMatch(JSON.stringify(lines), /secret/)
})

t.test('an expired session is logged once, because a browser may send its cookie for days', async (t) => {
  const { lines, log } = logged()
  const refusals = new Refusals()
  for (let at = 0; at < 3; at++) refusals.tell(record('expired'), log)
  t.match(lines, [
    { reason: 'expired', msg: /\(this is logged once\): .*`session\.options\({ lifetime }\)` has ended it/ }
  ])
  t.equal(lines.length, 1)
})

t.test('a cookie that a store refuses is logged once for each reason, and unknown ids are never logged', async (t) => {
  const { lines, log } = logged()
  const refusals = new Refusals()
  for (let at = 0; at < 3; at++) {
    for (const reason of ['signature', 'too-old', 'constructor']) refusals.tell({ kind: 'missing', reason }, log)
    refusals.tell({ kind: 'missing' }, log)
  }
  t.match(lines, [
    { reason: 'signature', msg: /no "secretKey" of the CookieStore has signed it/ },
    { reason: 'too-old' },
    { reason: 'constructor', msg: /\(this is logged once\)$/ }
  ])
  t.equal(lines.length, 3)
})

t.test('a store that always gives new reasons does not fill the log', async (t) => {
  const { lines, log } = logged()
  const refusals = new Refusals()
  for (let at = 0; at < 1000; at++) refusals.tell({ kind: 'missing', reason: `reason-${at}` }, log)
  t.equal(lines.length, 16)
})
