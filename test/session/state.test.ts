import t from 'tap'
import { type Found, idOf, type Remnant, type Stored } from '../../lib/record/record.ts'
import { type SessionCommands, type SessionKind, stateFor } from '../../lib/session/state.ts'
import { fakeClock } from '../support/fake-clock.ts'

const AT = 1_700_000_000
const kind = {
  expiry: { lifetime: 60, rolling: false, every: 0, absoluteLifetime: undefined },
  newId: () => 'new'
} as SessionKind
const bytes = Buffer.from('x')
const stored: Stored = {
  id: 'known',
  bytes,
  record: bytes,
  metadata: { lifetime: 30, created: AT - 9, last_access: AT - 5 }
}
const session: Found = { kind: 'session', stored, data: {} }
const missing: Found = { kind: 'missing' }
const rotated = (rotatedAt: number): Remnant => ({
  kind: 'rotated',
  tombstone: { id: 'old', bytes, successors: ['sealed'], rotatedAt }
})
const unusable = (reason: 'unparsable' | 'expired' | 'other-cookie'): Remnant => ({
  kind: 'unusable',
  reason,
  id: 'bad',
  bytes
})

const after = (found: Found, readProlongs = false, of = kind) =>
  stateFor(found, of, {} as SessionCommands, 7.5, readProlongs)

t.test('a stored session continues with its id and its times', async (t) => {
  const state = after(session)
  t.match(state, {
    id: 'known',
    remnant: null,
    isSuperseded: false,
    mustRotate: false,
    mergeableKeys: null,
    seenAt: 7.5
  })
  t.equal(state.stored, stored)
  t.equal(state.metadata, stored.metadata)
})

t.test('without a stored session, a new one starts with a new id, never with the id of the cookie', async (t) => {
  fakeClock(t, AT)
  for (const found of [missing, rotated(AT), unusable('unparsable'), unusable('other-cookie')]) {
    const { id, stored, metadata } = after(found)
    t.same(
      { id, stored, metadata },
      { id: 'new', stored: null, metadata: { lifetime: 60, created: AT, last_access: AT } }
    )
  }
  t.equal(after(missing, false, { ...kind, newId: () => undefined }).id, undefined, 'the store will choose the id')
})

t.test('destroy() can end a tombstone or an unusable record, but not a session of another cookie', async (t) => {
  for (const found of [rotated(AT), unusable('unparsable'), unusable('expired')]) t.equal(after(found).remnant, found)
  for (const found of [session, missing, unusable('other-cookie')]) t.equal(after(found).remnant, null)
})

t.test('a request with the old id counts as late for ten seconds after the rotation', async (t) => {
  fakeClock(t, AT)
  for (const [seconds, isSuperseded] of [
    [0, true],
    [9.999, true],
    [10, false],
    [59, false]
  ] as const) {
    t.equal(after(rotated(AT - seconds)).isSuperseded, isSuperseded, `${seconds} s`)
  }
  for (const found of [session, missing, unusable('expired')]) t.equal(after(found).isSuperseded, false)
})

t.test('a read prolongs only a stored session', async (t) => {
  t.equal(after(session, true).prolonged, true)
  t.equal(after(session, false).prolonged, false)
  for (const found of [missing, rotated(AT), unusable('expired')]) t.equal(after(found, true).prolonged, false)
})

t.test('a load resets all state of the request', async (t) => {
  const before = { ...after(session), ...{ mustRotate: true, unconfirmed: stored, cookieChanged: true } }
  Object.assign(before, { mergeableKeys: new Set(), prolonged: true, unanswered: 'b', aside: new Map([['id', 1]]) })
  t.same(Object.assign(before, after(missing)), after(missing))
})

t.test('a tombstone and an unusable record have the id under which they were found', async (t) => {
  t.equal(idOf(rotated(AT)), 'old')
  t.equal(idOf(unusable('expired')), 'bad')
  t.equal(idOf(null), undefined)
})
