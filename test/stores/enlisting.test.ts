import t from 'tap'
import { decideEnlisting, entriesOf, type ListedRow, type UserState } from '../../lib/stores/enlisting.ts'
import type { Listing } from '../../types/users/sessions-by-user.ts'

const data = Buffer.from('data')
const listing: Listing = {
  user: 'user',
  handle: 'mine',
  authenticatedAt: 100,
  endsAt: 200,
  label: undefined,
  isListed: false,
  max: 2,
  whenFull: 'end-oldest'
}
const row = (handle: string, authenticatedAt: number, ttl = 10): ListedRow => ({
  handle,
  authenticatedAt,
  endsAt: 200,
  label: Buffer.from(handle),
  ttl
})
const state = (values: Partial<UserState> = {}): UserState => ({ endedAt: 0, present: undefined, rows: [], ...values })
const decide = (values: Partial<UserState>, changes: Partial<Listing> = {}) =>
  decideEnlisting(data, { ...listing, ...changes }, state(values))

const ENDED = { answer: { enlisted: false, reason: 'ended' } }
const STORED = { answer: { enlisted: true, evicted: [] } }

t.test('a login is stored, unless all sessions were ended after it', async (t) => {
  t.match(decide({}), { evicted: [], authenticatedAt: 100, endsAt: 200 })
  t.match(decide({ endedAt: 100 }), { evicted: [] })
  t.same(decide({ endedAt: 100.001 }), ENDED)
})

t.test('a further id needs a session that is listed, and keeps its label and its later login', async (t) => {
  t.same(decide({ rows: [row('other', 1)] }, { isListed: true }), ENDED)
  const rows = [row('mine', 150)]
  t.match(decide({ rows, endedAt: 999 }, { isListed: true }), { authenticatedAt: 150, label: Buffer.from('mine') })
})

t.test('a login above the limit ends the earliest ones, or is refused', async (t) => {
  const rows = [row('late', 3), row('early', 1), row('middle', 2)]
  t.match(decide({ rows }), { evicted: ['early', 'middle'] })
  t.same(decide({ rows }, { whenFull: 'refuse' }), { answer: { enlisted: false, reason: 'full' } })
  t.match(decide({ rows: [row('mine', 1), row('other', 2)] }), { evicted: [] }, 'the session is in the list already')
})

t.test(
  'a record that is there is never overwritten, and the same bytes of the same session count as stored',
  async (t) => {
    t.same(decide({ present: { user: 'user', handle: 'mine', data } }), STORED)
    for (const other of [
      { user: 'other', handle: 'mine', data },
      { user: 'user', handle: 'other', data },
      { user: 'user', handle: 'mine', data: Buffer.from('other') }
    ]) {
      t.same(decide({ present: other }), ENDED)
    }
  }
)

t.test('several rows of one session are one entry, with the longest time', async (t) => {
  t.same(entriesOf([row('a', 1, 5), row('b', 2, 1), row('a', 1, 9), row('a', 1, 7)]), [row('a', 1, 9), row('b', 2, 1)])
})
