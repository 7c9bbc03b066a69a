import { randomBytes } from 'node:crypto'
import { type Add, HOUR, utf8, within } from '../cases.ts'
import { expectBytes, expectRefused, expectReplaced, expectSame } from '../expect.ts'

export function replacingCases(add: Add): void {
  add('replace writes the new bytes only if the stored bytes are the expected ones', async ({ store, id, text }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    expectReplaced(await store.replace?.(id, utf8('a'), utf8('b'), HOUR, HOUR), 'replace() with the stored bytes')
    expectSame(await text(id, HOUR), 'b', 'read() after replace()')
    const refused = await store.replace?.(id, utf8('a'), utf8('c'), HOUR, HOUR)
    expectRefused(refused, utf8('b'), 'replace() with other bytes')
    if (refused?.replaced === false) refused.current?.fill(0)
    expectSame(await text(id, HOUR), 'b', 'read() after a replace() that was refused')
  })

  add('replace compares each byte, and stores each byte', async ({ store, id }) => {
    const before = randomBytes(2_000)
    const after = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await store.write(id, before, HOUR, HOUR)
    const almost = Buffer.from(before)
    almost[1_999]! ^= 1
    for (const wrong of [almost, before.subarray(0, 1_999), utf8(''), Buffer.concat([before, before])]) {
      expectRefused(await store.replace?.(id, wrong, after, HOUR, HOUR), before, 'replace() with other bytes')
    }
    expectReplaced(await store.replace?.(id, before, after, HOUR, HOUR), 'replace() with the stored bytes')
    expectBytes(await store.read(id, HOUR), after, 'read() after replace()')
  })

  add(
    'replace by null deletes the session only if the stored bytes are the expected ones',
    async ({ store, id, text }) => {
      await store.write(id, utf8('a'), HOUR, HOUR)
      expectRefused(await store.replace?.(id, utf8('b'), null, HOUR, HOUR), utf8('a'), 'replace() with other bytes')
      expectSame(await text(id, HOUR), 'a', 'read() after a replace() that was refused')
      expectReplaced(await store.replace?.(id, utf8('a'), null, HOUR, HOUR), 'replace() with the stored bytes')
      expectSame(await text(id, HOUR), null, 'read() after replace() by null')
    }
  )

  add(
    'replace with expected bytes never creates a session, and never brings back a removed or expired one',
    async ({ store, id, pass, text }) => {
      await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
      await store.remove(`${id}-removed`)
      await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
      await pass(0.2)
      for (const kind of ['unknown', 'removed', 'expired']) {
        const gone = `${id}-${kind}`
        for (const data of [utf8('b'), null]) {
          for (const expected of [utf8('a'), utf8('')]) {
            const answer = await store.replace?.(gone, expected, data, HOUR, HOUR)
            expectRefused(answer, null, `replace() of the ${kind} session`)
          }
        }
        expectSame(await text(gone, HOUR), null, `read() of the ${kind} session after replace()`)
      }
    }
  )

  add('replace sets a new ttl, and a ttl of 0 removes the session', async ({ store, id, pass, text }) => {
    const replace = async (name: string, lifetime: number, ttl: number, by: [text: string, number, number]) => {
      await store.write(`${id}-${name}`, utf8('a'), lifetime, ttl)
      const [value, ...times] = by
      expectReplaced(await store.replace?.(`${id}-${name}`, utf8('a'), utf8(value), ...times), 'replace()')
    }
    await within(0.3, () => replace('longer', HOUR, 0.3, ['longer', HOUR, 30]))
    await within(0.3, () => replace('session', 0.3, 0.3, ['kept', 0, 0]))
    await replace('shorter', HOUR, 30, ['shorter', HOUR, 0.3])
    await replace('over', HOUR, 30, ['over', HOUR, 0])
    expectSame(await text(`${id}-over`, HOUR), null, 'read() after a replace() with a ttl of 0')
    await pass(0.5)
    expectSame(await text(`${id}-longer`, HOUR), 'longer', 'read() of the prolonged session')
    expectSame(await text(`${id}-shorter`, HOUR), null, 'read() of the shortened session')
    expectSame(await text(`${id}-session`, HOUR), 'kept', 'read() of the session without a lifetime')
  })

  add('if several replaces at once expect the same bytes, one of them succeeds', async ({ store, id }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    const values = Array.from({ length: 20 }, (_, index) => utf8(`new ${index}`))
    const answers = await Promise.all(values.map((data) => store.replace?.(id, utf8('a'), data, HOUR, HOUR)))
    const winners = values.filter((_, index) => answers[index]?.replaced)
    expectSame(winners.length, 1, 'the number of replace() calls that succeeded')
    expectBytes(await store.read(id, HOUR), winners[0]!, 'read() after them')
  })
}
