import { equal, deepEqual as same } from 'node:assert/strict'
import { HOUR, utf8 } from '../cases.ts'
import { Account, type AddForAccount, HAS_ENDED, newHandle, newId, seconds, sorted } from './account.ts'

export function endingCases(add: AddForAccount): void {
  add('end ends one session, all but one, or all', async (account) => {
    const logins = [await account.login(), await account.login(), await account.login(), await account.login()]
    const [first, second] = logins.map(({ handle }) => handle) as [string, string]
    const alive = async () => Promise.all(logins.map(({ id }) => account.isAlive(id)))
    same(await account.end({ only: first }), [first])
    same(await account.end({ only: first }), [])
    same(await alive(), [false, true, true, true])
    same(sorted(await account.end({ except: second })), sorted(logins.slice(2).map(({ handle }) => handle)))
    same(await alive(), [false, true, false, false])
    same(await account.handles(), [second])
    same(await account.end({ except: first }), [second], 'the handle of an ended session excepts nothing')
    same([await alive(), await account.handles()], [[false, false, false, false], []])
  })

  add('an ended session can be neither read nor replaced nor prolonged', async (account) => {
    const { store } = account
    const { id } = await account.login()
    await account.end()
    for (let round = 0; round < 2; round++) {
      equal(await store.read(id, HOUR), null)
      if (store.readProlongs) equal(await store.read(id, HOUR, HOUR), null)
      same(await store.replace?.(id, utf8(id), utf8('b'), HOUR, HOUR), { replaced: false, current: null })
      await store.touch?.(id, HOUR, HOUR)
    }
    equal(await store.read(id, HOUR), null)
  })

  add('a login that began before all sessions were ended is refused', async (account) => {
    const at = seconds()
    await account.login({ authenticatedAt: at - 10 })
    await account.end({ at })
    const refused = newId()
    same(await account.enlist(refused, newHandle(), { authenticatedAt: at - 0.001 }), HAS_ENDED)
    same([await account.isAlive(refused), await account.handles()], [false, []])
    const { handle } = await account.login({ authenticatedAt: at })
    same(await account.handles(), [handle])
    await account.end({ at: at - 100 })
    same(await account.enlist(newId(), newHandle(), { authenticatedAt: at - 1 }), HAS_ENDED, 'the latest time counts')
  })

  add('ending all but one refuses earlier logins as well, and the one stays', async (account) => {
    const at = seconds()
    const { id, handle } = await account.login({ authenticatedAt: at - 10 })
    await account.end({ except: handle, at })
    same(await account.enlist(newId(), newHandle(), { authenticatedAt: at - 1 }), HAS_ENDED)
    same(await account.enlist(newId(), handle, { authenticatedAt: at - 10, isListed: true }), {
      enlisted: true,
      evicted: []
    })
    equal(await account.isAlive(id), true)
  })

  add('ending one session refuses no login', async (account) => {
    const at = seconds()
    const { handle } = await account.login()
    await account.end({ only: handle, at })
    await account.login({ authenticatedAt: at - 10 })
  })

  add('what began before the end of all sessions does not survive it', async (account) => {
    for (let round = 0; round < 20; round++) {
      const { id, handle } = await account.login()
      const [login, successor] = [newId(), newId()]
      const at = seconds() + 1
      const calls = [
        () => account.enlist(login, newHandle()),
        () => account.enlist(successor, handle, { isListed: true }),
        () => account.store.replace?.(id, utf8(id), utf8('changed'), HOUR, HOUR),
        () => account.end({ at })
      ]
      if (round % 2 === 1) calls.reverse()
      await Promise.all(calls.map((call) => call()))
      for (const one of [id, login, successor]) equal(await account.isAlive(one), false)
      same(await account.handles(), [])
      await account.end({ at: 0 })
      account = new Account(account.store)
    }
  })

  add('a user can have many sessions, and they end at once', async (account) => {
    const logins = await Promise.all(Array.from({ length: 100 }, () => account.login()))
    equal((await account.handles()).length, 100)
    same(sorted(await account.end()), sorted(logins.map(({ handle }) => handle)))
    for (const { id } of logins) equal(await account.isAlive(id), false)
    same(await account.handles(), [])
  })
}
