import { equal, deepEqual as same } from 'node:assert/strict'
import { HOUR, utf8 } from '../cases.ts'
import { expectBytes } from '../expect.ts'
import { type AddForAccount, HAS_ENDED, newHandle, newId, seconds, sorted } from './account.ts'

export function limitCases(add: AddForAccount): void {
  add('with end-oldest, a login above the limit ends the sessions with the earliest logins', async (account) => {
    const at = seconds() - 100
    const third = await account.login({ authenticatedAt: at + 3 })
    const first = await account.login({ authenticatedAt: at + 1 })
    const second = await account.login({ authenticatedAt: at + 2 })
    const fourth = newHandle()
    same(await account.enlist(newId(), fourth, { max: 3 }), { enlisted: true, evicted: [first.handle] })
    same([await account.isAlive(first.id), await account.isAlive(second.id)], [false, true])
    same(await account.handles(), sorted([second.handle, third.handle, fourth]))
    const fifth = newHandle()
    const answer = await account.enlist(newId(), fifth, { max: 2 })
    same(answer.enlisted && sorted(answer.evicted), sorted([second.handle, third.handle]), 'the limit was lowered')
    same(await account.handles(), sorted([fourth, fifth]))
  })

  add('with refuse, a login above the limit is refused, and stores nothing', async (account) => {
    const [one, two] = [await account.login(), await account.login()]
    const id = newId()
    const refuse = { max: 2, whenFull: 'refuse' } as const
    same(await account.enlist(id, newHandle(), refuse), { enlisted: false, reason: 'full' })
    equal(await account.isAlive(id), false)
    same(await account.handles(), sorted([one.handle, two.handle]))
    same(await account.enlist(newId(), one.handle, { ...refuse, isListed: true }), { enlisted: true, evicted: [] })
    await account.end({ only: two.handle })
    await account.login(refuse)
  })

  add('enlist never overwrites a record, but knows its own bytes', async (account) => {
    const { id, handle } = await account.login()
    same(await account.enlist(id, newHandle(), {}, HOUR, 'other'), HAS_ENDED)
    expectBytes(await account.store.read(id, HOUR), utf8(id), 'read() of the record that was there')
    same(await account.enlist(id, handle, { isListed: true }), { enlisted: true, evicted: [] })
    const anonymous = newId()
    await account.store.write(anonymous, utf8('anonymous'), HOUR, HOUR)
    same(await account.enlist(anonymous, newHandle()), HAS_ENDED)
    equal(await account.isAlive(anonymous), true)
  })

  add('a record without time left is not stored', async (account) => {
    const id = newId()
    same(await account.enlist(id, newHandle(), {}, 0), HAS_ENDED)
    equal(await account.isAlive(id), false)
    same(await account.handles(), [])
  })

  add('many logins at once never exceed the limit, and each living session is listed', async (account) => {
    const logins = Array.from({ length: 20 }, () => ({ id: newId(), handle: newHandle() }))
    await Promise.all(logins.map(({ id, handle }) => account.enlist(id, handle, { max: 3 })))
    const alive = []
    for (const { id, handle } of logins) if (await account.isAlive(id)) alive.push(handle)
    equal(alive.length, 3)
    same(await account.handles(), sorted(alive))
  })

  add('with refuse, exactly as many logins at once succeed as there is room', async (account) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => account.enlist(newId(), newHandle(), { max: 3, whenFull: 'refuse' }))
    )
    equal(answers.filter(({ enlisted }) => enlisted).length, 3)
    equal((await account.handles()).length, 3)
  })
}
