import { randomBytes } from 'node:crypto'
import type { Replaced, SessionStore } from '../../../types/store.ts'
import { type Add, HOUR, utf8, within } from '../cases.ts'
import { expectBytes, expectRefused, expectReplaced, expectSame } from '../expect.ts'

const TOMBSTONE = utf8('tombstone')

/** Moves a session from `id` to `newId`, as a rotation does. */
async function move(
  store: SessionStore,
  [id, expected]: readonly [string, Uint8Array],
  [newId, data]: readonly [string, Uint8Array],
  { lifetime = HOUR, ttl = HOUR, tombstoneTtl = 60 } = {}
): Promise<Replaced | undefined> {
  return store.move?.(id, expected, TOMBSTONE, tombstoneTtl, newId, data, lifetime, ttl)
}

export function movingCases(add: Add): void {
  add('move stores the session under its new id, and the tombstone under the old one', async ({ store, id, text }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    expectReplaced(await move(store, [id, utf8('a')], [`${id}-new`, utf8('b')]), 'move() with the stored bytes')
    expectSame(await text(id, HOUR), 'tombstone', 'read() of the old id')
    expectSame(await text(`${id}-new`, HOUR), 'b', 'read() of the new id')
  })

  add('move changes nothing if the stored bytes are not the expected ones', async ({ store, id, text }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    for (const wrong of [utf8('b'), utf8(''), utf8('aa')]) {
      const answer = await move(store, [id, wrong], [`${id}-new`, utf8('b')])
      expectRefused(answer, utf8('a'), 'move() with other bytes')
    }
    expectSame(await text(id, HOUR), 'a', 'read() of the old id after a move() that was refused')
    expectSame(await text(`${id}-new`, HOUR), null, 'read() of the new id after a move() that was refused')
  })

  add('move never brings back a session that was removed or has expired', async ({ store, id, pass, text }) => {
    await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
    await store.remove(`${id}-removed`)
    await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
    await pass(0.2)
    for (const kind of ['unknown', 'removed', 'expired']) {
      const gone = `${id}-${kind}`
      const answer = await move(store, [gone, utf8('a')], [`${gone}-new`, utf8('b')])
      expectRefused(answer, null, `move() of the ${kind} session`)
      expectSame(await text(gone, HOUR), null, `read() of the ${kind} session after move()`)
      expectSame(await text(`${gone}-new`, HOUR), null, 'read() of its new id')
    }
  })

  add('move gives the tombstone and the session each its own ttl', async ({ store, id, pass, text }) => {
    const moveTo = async (name: string, times: { lifetime?: number; ttl?: number; tombstoneTtl?: number }) => {
      await store.write(`${id}-${name}`, utf8('a'), HOUR, HOUR)
      await move(store, [`${id}-${name}`, utf8('a')], [`${id}-${name}-new`, utf8('b')], times)
    }
    const kept = await within(0.3, async () => {
      await moveTo('1', { tombstoneTtl: 0.3 })
      await moveTo('2', { ttl: 0.3 })
      await moveTo('3', { lifetime: 0, ttl: 0 })
      return `${await text(`${id}-1`, HOUR)}, ${await text(`${id}-2-new`, HOUR)}`
    })
    expectSame(kept, 'tombstone, b', 'read() before the ttl is over')
    await pass(0.5)
    expectSame(await text(`${id}-1`, HOUR), null, 'read() of the tombstone after its ttl')
    expectSame(await text(`${id}-1-new`, HOUR), 'b', 'read() of the session of that tombstone')
    expectSame(await text(`${id}-2`, HOUR), 'tombstone', 'read() of the tombstone of a session that has expired')
    expectSame(await text(`${id}-2-new`, HOUR), null, 'read() of the session after its ttl')
    expectSame(await text(`${id}-3-new`, 0), 'b', 'read() of the session without a lifetime')
  })

  add('move compares each byte, and stores each byte', async ({ store, id }) => {
    const before = randomBytes(2_000)
    const after = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await store.write(id, before, HOUR, HOUR)
    const almost = Buffer.from(before)
    almost[1_999]! ^= 1
    expectRefused(await move(store, [id, almost], [`${id}-new`, after]), before, 'move() with other bytes')
    expectReplaced(await move(store, [id, before], [`${id}-new`, after]), 'move() with the stored bytes')
    expectBytes(await store.read(`${id}-new`, HOUR), after, 'read() of the new id')
  })

  add('if twenty calls at once move one session, one of them succeeds', async ({ store, id, text }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    const names = Array.from({ length: 20 }, (_, index) => `${id}-${index}`)
    const answers = await Promise.all(names.map((name) => move(store, [id, utf8('a')], [name, utf8(name)])))
    const winners = names.filter((_, index) => answers[index]?.replaced)
    expectSame(winners.length, 1, 'the number of move() calls that succeeded')
    for (const [index, name] of names.entries()) {
      const isWinner = name === winners[0]
      expectSame(await text(name, HOUR), isWinner ? name : null, 'read() of the new id of a move()')
      if (!isWinner) expectRefused(answers[index], TOMBSTONE, 'a move() that came too late')
    }
  })
}
