import t from 'tap'
import { storeCases } from '../../../lib/store-conformance.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'
import type { ListEntry, SessionsByUser } from '../../../types/users/sessions-by-user.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { MapStore } from '../../support/map-store.ts'
import { casesByUser } from '../../support/store-conformance.ts'

type Spoil = (byUser: SessionsByUser) => Partial<SessionsByUser>

/** A change of the part of a correct store that knows the sessions of each user, and the case that must notice it. */
const MUTANTS: readonly (readonly [change: string, spoil: Spoil, noticed: RegExp])[] = [
  ['nothing is listed', () => ({ list: async () => [] }), /enlist stores the record and lists/],
  [
    'the label is lost',
    (byUser) => ({
      list: async (user) => (await byUser.list(user)).map((entry): ListEntry => ({ ...entry, label: new Uint8Array() }))
    }),
    /enlist stores the record and lists/
  ],
  ['end leaves the sessions alone', () => ({ end: async () => [] }), /end ends one session/],
  [
    'end always ends all sessions',
    (byUser) => ({ end: (user, { at }) => byUser.end(user, { at }) }),
    /end ends one session/
  ],
  [
    'the time of the end is forgotten',
    (byUser) => ({ end: (user, which) => byUser.end(user, { ...which, at: 0 }) }),
    /a login that began before/
  ],
  [
    'the limit is ignored',
    (byUser) => ({
      enlist: (id, data, lifetime, ttl, listing) => byUser.enlist(id, data, lifetime, ttl, { ...listing, max: 1_000 })
    }),
    /with end-oldest, a login above/
  ],
  [
    'a full list never refuses a login',
    (byUser) => ({
      enlist: (id, data, lifetime, ttl, listing) =>
        byUser.enlist(id, data, lifetime, ttl, { ...listing, whenFull: 'end-oldest' })
    }),
    /with refuse, a login above/
  ],
  ['delist does nothing', () => ({ delist: async () => undefined }), /delist takes one id out/],
  [
    'an id is added to any session',
    (byUser) => ({
      enlist: (id, data, lifetime, ttl, listing) =>
        byUser.enlist(id, data, lifetime, ttl, { ...listing, isListed: false })
    }),
    /an id is only added/
  ]
]

t.test('each change is noticed by the case that is made for it', async (t) => {
  fakeClock(t)
  for (const [change, spoil, noticed] of MUTANTS) {
    const store = new InMemoryStore()
    const { byUser } = store
    const { enlist, delist, list, end } = byUser
    const bound = Object.fromEntries(
      Object.entries({ enlist, delist, list, end }).map(([name, method]) => [name, method.bind(byUser)])
    )
    Object.defineProperty(store, 'byUser', { value: { ...bound, ...spoil(byUser) } })
    const cases = (await casesByUser(store)).filter(({ title }) => noticed.test(title))
    t.equal(cases.length, 1, `one case for: ${change}`)
    await t.rejects(cases[0]!.run(), { code: 'ERR_ASSERTION' }, change)
  }
})

t.test('a store that never tells of ended sessions is noticed', async (t) => {
  const store = new InMemoryStore()
  Object.assign(store.byUser, { watch: () => () => undefined })
  const [watching] = (await casesByUser(store)).filter(({ title }) => title.includes('watch'))
  await t.rejects(watching!.run(), {
    code: 'ERR_ASSERTION',
    message: /^watch\(\) must tell of an ended session within 2 s/
  })
})

t.test('a store without byUser gets none of these cases', async (t) => {
  t.same(await casesByUser(new MapStore()), [])
  t.ok((await storeCases(async () => ({ store: new InMemoryStore() }))).length > 60)
})
