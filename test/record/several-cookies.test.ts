import t from 'tap'
import type { Found } from '../../lib/record/record.ts'
import type { Records } from '../../lib/record/records.ts'
import { firstThatOpens } from '../../lib/record/several-cookies.ts'

const session = (last_access: number) =>
  ({ kind: 'session', stored: { metadata: { last_access } } }) as unknown as Found
const rotated = { kind: 'rotated' } as unknown as Found
const unusable = { kind: 'unusable' } as unknown as Found
const missing: Found = { kind: 'missing' }

/** Tries the cookie values `0`, `1` and so on. Returns the index of the chosen value, and the number of reads. */
async function first(all: readonly Found[], ownsIds = false) {
  const read: string[] = []
  const records = {
    ownsIds,
    async read(value: string) {
      read.push(value)
      return all[Number(value)]
    }
  }
  const found = await firstThatOpens(records as unknown as Records, [...all.keys()].map(String))
  return { at: all.indexOf(found), read: read.length }
}

t.test('the first value that opens a session is used, and no further value is read', async (t) => {
  t.same(await first([session(1), session(2)]), { at: 0, read: 1 })
  t.same(await first([missing, rotated, unusable, session(1), session(2)]), { at: 3, read: 4 })
})

t.test('without a session, a tombstone is preferred to an unusable record, and that to nothing', async (t) => {
  t.same(await first([missing, unusable, rotated, { ...rotated }]), { at: 2, read: 4 })
  t.same(await first([missing, unusable]), { at: 1, read: 2 })
  t.same(await first([missing, missing]), { at: -1, read: 2 })
})

t.test('if the store owns the ids, the session that was written last is used', async (t) => {
  t.same(await first([session(1), unusable, session(3), session(2)], true), { at: 2, read: 4 })
  t.same(await first([session(1), session(1)], true), { at: 0, read: 2 })
})
