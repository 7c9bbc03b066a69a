import { equal, ok, deepEqual as same } from 'node:assert/strict'
import { HOUR, utf8 } from '../cases.ts'
import { expectBytes } from '../expect.ts'
import { Account, type AddForAccount, HAS_ENDED, newHandle, newId, newUser, seconds } from './account.ts'

export function listCases(add: AddForAccount): void {
  add('enlist stores the record and lists its session', async (account) => {
    const [id, handle, at] = [newId(), newHandle(), seconds() - 5]
    const label = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const listing = { authenticatedAt: at, endsAt: at + 2 * HOUR, label }
    same(await account.enlist(id, handle, listing, 600), { enlisted: true, evicted: [] })
    expectBytes(await account.store.read(id, HOUR), utf8(id), 'read() after enlist()')
    const [entry, ...others] = await account.byUser.list(account.user)
    same(others, [])
    ok(entry !== undefined)
    equal(entry.handle, handle)
    ok(Math.abs(entry.authenticatedAt - at) < 0.002 && Math.abs(entry.endsAt - at - 2 * HOUR) < 0.002)
    expectBytes(entry.label!, label, 'the label in list()')
    ok(entry.ttl === undefined || (entry.ttl > 590 && entry.ttl <= 600.1), `ttl ${entry.ttl}`)
  })

  add('an unknown user has no sessions, and ending them is no error', async (account) => {
    same(await account.byUser.list(account.user), [])
    same(await account.end(), [])
    same(await account.end({ only: newHandle() }), [])
    await account.byUser.delist(newId(), account.user, newHandle())
  })

  add('users have lists of their own', async (account) => {
    const other = new Account(account.store)
    const [ours, theirs] = [await account.login(), await other.login()]
    same([await account.handles(), await other.handles()], [[ours.handle], [theirs.handle]])
    same(await account.end(), [ours.handle])
    same([await account.isAlive(ours.id), await other.isAlive(theirs.id)], [false, true])
    same(await other.handles(), [theirs.handle])
  })

  add('a listed session gets one more id, and ending it ends both', async (account) => {
    const { id, handle } = await account.login()
    const second = newId()
    same(await account.enlist(second, handle, { isListed: true }), { enlisted: true, evicted: [] })
    same(await account.handles(), [handle])
    same(await account.end({ only: handle }), [handle])
    same([await account.isAlive(id), await account.isAlive(second)], [false, false])
    same(await account.handles(), [])
  })

  add('an id is only added to a session that is listed', async (account) => {
    const { id, handle } = await account.login()
    await account.end({ only: handle })
    for (const [user, gone] of [
      [account.user, handle],
      [account.user, newHandle()],
      [newUser(), handle]
    ] as const) {
      const refused = newId()
      same(await account.enlist(refused, gone, { isListed: true, user }), HAS_ENDED)
      equal(await account.isAlive(refused), false)
      same(await account.handles(user), [])
    }
    equal(await account.isAlive(id), false)
  })

  add('another id keeps the label and the later login, unless it brings new ones', async (account) => {
    const at = seconds() - 100
    const { handle } = await account.login({ label: utf8('first'), authenticatedAt: at })
    const entry = async () => {
      const [only] = await account.byUser.list(account.user)
      return { label: new TextDecoder().decode(only!.label), after: Math.round(only!.authenticatedAt - at) }
    }
    await account.enlist(newId(), handle, { isListed: true, authenticatedAt: at - 50 })
    same(await entry(), { label: 'first', after: 0 })
    await account.enlist(newId(), handle, { isListed: true, authenticatedAt: at + 50, label: utf8('second') })
    same(await entry(), { label: 'second', after: 50 })
  })

  add('delist takes one id out, and the entry goes with the last', async (account) => {
    const { id, handle } = await account.login()
    const second = newId()
    await account.enlist(second, handle, { isListed: true })
    await account.byUser.delist(id, account.user, newHandle())
    await account.byUser.delist(newId(), account.user, handle)
    same(await account.handles(), [handle])
    await account.byUser.delist(id, account.user, handle)
    await account.byUser.delist(id, account.user, handle)
    same(await account.handles(), [handle])
    same(await account.end({ only: handle }), [handle])
    same([await account.isAlive(id), await account.isAlive(second)], [true, false], 'a record that was taken out stays')
  })

  add('after a logout the session is not listed', async (account) => {
    const ways = [
      (id: string) => account.store.remove(id),
      (id: string) => account.store.replace?.(id, utf8(id), null, HOUR, HOUR)
    ]
    for (const logOut of ways) {
      const [gone, kept] = [await account.login(), await account.login()]
      await logOut(gone.id)
      await account.byUser.delist(gone.id, account.user, gone.handle)
      same(await account.handles(), [kept.handle])
      await account.end()
    }
  })

  add('a replaced record stays in its entry', async (account) => {
    const { id, handle } = await account.login()
    same(await account.store.replace?.(id, utf8(id), utf8('changed'), HOUR, HOUR), { replaced: true })
    same(await account.handles(), [handle])
    await account.end()
    equal(await account.isAlive(id), false)
  })

  add('a session whose record has expired is not listed', async (account, { pass }) => {
    const [short, long] = [await account.login({}, 0.3), await account.login()]
    await pass(0.6)
    same(await account.handles(), [long.handle])
    equal(await account.isAlive(short.id), false)
  })

  add('an entry is over at its end, and the session then gets no new id', async (account, { pass }) => {
    const { handle } = await account.login({ endsAt: seconds() + 0.3 }, 0.3)
    await pass(0.6)
    same(await account.handles(), [])
    same(await account.enlist(newId(), handle, { isListed: true }), HAS_ENDED)
  })
}
