import { type Add, HOUR, utf8, within } from '../cases.ts'
import { expect, expectSame } from '../expect.ts'
import type { Traits } from './traits.ts'

/** A store may start a timer for itself, and a client of a database some, but none for each session. */
const SESSIONS = 50

export function timeCases(add: Add, { ownsIds }: Traits): void {
  add(
    'a session can be read until its time is over, and reads as null afterwards',
    async ({ store, id, pass, text }) => {
      const { written, kept } = await within(0.6, async () => {
        const written = await store.write(id, utf8('a'), 0.6, 0.6)
        await pass(0.1)
        return { written, kept: await text(written, 0.6) }
      })
      expectSame(kept, 'a', 'read() before the time is over')
      await pass(1.6)
      expectSame(await text(written, 0.6), null, 'read() after the time is over')
    }
  )

  add('a session without a lifetime is kept', async ({ store, id, pass, text }) => {
    const written = await store.write(id, utf8('a'), 0, 0)
    await pass(1.1)
    expectSame(await text(written, 0), 'a', 'read()')
  })

  add('the store starts no timer for each session', async ({ store, id }) => {
    const before = runningTimers()
    for (let index = 0; index < SESSIONS; index++) await store.write(`${id}-${index}`, utf8('a'), HOUR, HOUR)
    const started = runningTimers() - before
    expect(
      started < SESSIONS,
      `${SESSIONS} writes must not start a timer each, but ${started} more timers keep the process alive`
    )
  })

  if (!ownsIds) timeLeftCases(add)
}

const runningTimers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

function timeLeftCases(add: Add): void {
  add(
    'a session lives for its ttl, not for its lifetime, and the ttl may be a fraction',
    async ({ store, id, pass, text }) => {
      const kept = await within(0.4, async () => {
        await store.write(id, utf8('a'), HOUR, 0.4)
        await pass(0.1)
        return text(id, HOUR)
      })
      expectSame(kept, 'a', 'read() before the ttl is over')
      await pass(0.4)
      expectSame(await text(id, HOUR), null, 'read() after the ttl is over (a read without a ttl must not prolong)')
      expect((await store.remove(id)) !== true, 'remove() of an expired session must not answer true')
    }
  )

  add('a session without a lifetime is not kept beyond its ttl', async ({ store, id, pass, text }) => {
    const kept = await within(0.4, async () => {
      await store.write(id, utf8('a'), 0, 0.4)
      return text(id, HOUR)
    })
    expectSame(kept, 'a', 'read() before the ttl is over')
    await pass(0.5)
    expectSame(await text(id, HOUR), null, 'read() after the ttl is over')
  })

  add('a write sets a new ttl, longer or shorter', async ({ store, id, pass, text }) => {
    await within(0.3, async () => {
      await store.write(`${id}-1`, utf8('a'), HOUR, 0.3)
      await store.write(`${id}-1`, utf8('longer'), HOUR, 30)
    })
    await store.write(`${id}-2`, utf8('a'), HOUR, 30)
    await store.write(`${id}-2`, utf8('shorter'), HOUR, 0.3)
    await pass(0.5)
    expectSame(await text(`${id}-1`, HOUR), 'longer', 'read() of the prolonged session')
    expectSame(await text(`${id}-2`, HOUR), null, 'read() of the shortened session')
  })

  add('after a write whose time is over, nothing can be read', async ({ store, id, text }) => {
    expectSame(await store.write(`${id}-new`, utf8('a'), HOUR, 0), `${id}-new`, 'write() with a ttl of 0')
    expectSame(await text(`${id}-new`, HOUR), null, 'read() of the new session')
    await store.write(`${id}-old`, utf8('a'), HOUR, HOUR)
    await store.write(`${id}-old`, utf8('b'), HOUR, 0)
    expectSame(await text(`${id}-old`, HOUR), null, 'read() of the session that was there')
  })

  add('an expired session can be written again', async ({ store, id, pass, text }) => {
    await store.write(id, utf8('a'), HOUR, 0.05)
    await pass(0.2)
    await store.write(id, utf8('b'), HOUR, HOUR)
    expectSame(await text(id, HOUR), 'b', 'read()')
  })
}
