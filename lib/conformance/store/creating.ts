import { type Add, HOUR, utf8, within } from '../cases.ts'
import { expectBytes, expectRefused, expectReplaced, expectSame } from '../expect.ts'

/** `replace()` with `expected` `null`. */
export function creatingCases(add: Add): void {
  add('replace of null creates a session, and never changes one that is there', async ({ store, id, text }) => {
    expectReplaced(await store.replace?.(id, null, utf8('a'), HOUR, HOUR), 'replace() of null, where nothing is')
    expectSame(await text(id, HOUR), 'a', 'read() of the created session')
    for (const data of [utf8('b'), utf8('a'), null]) {
      expectRefused(await store.replace?.(id, null, data, HOUR, HOUR), utf8('a'), 'replace() of null over a session')
    }
    expectSame(await text(id, HOUR), 'a', 'read() after a replace() that was refused')
  })

  add('replace of null creates a session where one was removed or has expired', async ({ store, id, pass, text }) => {
    await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
    await store.remove(`${id}-removed`)
    await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
    await pass(0.2)
    for (const kind of ['removed', 'expired']) {
      const gone = `${id}-${kind}`
      expectReplaced(
        await store.replace?.(gone, null, utf8('b'), HOUR, HOUR),
        `replace() of null, over the ${kind} one`
      )
      expectSame(await text(gone, HOUR), 'b', 'read() of the created session')
    }
  })

  add('a created session lives for its ttl', async ({ store, id, pass, text }) => {
    const kept = await within(0.3, async () => {
      await store.remove(`${id}-1`)
      await store.replace?.(`${id}-1`, null, utf8('short'), HOUR, 0.3)
      await store.replace?.(`${id}-2`, null, utf8('kept'), 0, 0)
      return text(`${id}-1`, HOUR)
    })
    expectSame(kept, 'short', 'read() before the ttl is over')
    await pass(0.5)
    expectSame(await text(`${id}-1`, HOUR), null, 'read() after the ttl is over')
    expectSame(await text(`${id}-2`, 0), 'kept', 'read() of the session without a lifetime')
  })

  add('replace of null by null, or by bytes whose time is over, stores nothing', async ({ store, id, text }) => {
    for (const [data, ttl] of [
      [null, HOUR],
      [utf8('over'), 0]
    ] as const) {
      expectReplaced(await store.replace?.(id, null, data, HOUR, ttl), 'replace() of null, where nothing is')
      expectSame(await text(id, HOUR), null, 'read() after it')
    }
    expectReplaced(await store.replace?.(id, null, utf8('a'), HOUR, HOUR), 'replace() of null, where still nothing is')
  })

  add('for replace, empty bytes are bytes, not nothing', async ({ store, id, text }) => {
    expectReplaced(await store.replace?.(id, null, utf8(''), HOUR, HOUR), 'replace() of null by empty bytes')
    expectBytes(await store.read(id, HOUR), utf8(''), 'read() of empty bytes')
    expectRefused(
      await store.replace?.(id, null, utf8('a'), HOUR, HOUR),
      utf8(''),
      'replace() of null over empty bytes'
    )
    expectReplaced(await store.replace?.(id, utf8(''), utf8('a'), HOUR, HOUR), 'replace() of empty bytes')
    expectSame(await text(id, HOUR), 'a', 'read() after it')
  })

  add('if twenty calls at once create one session, one of them succeeds', async ({ store, id }) => {
    const values = Array.from({ length: 20 }, (_, index) => utf8(`new ${index}`))
    const answers = await Promise.all(values.map((data) => store.replace?.(id, null, data, HOUR, HOUR)))
    const winners = values.filter((_, index) => answers[index]?.replaced)
    expectSame(winners.length, 1, 'the number of replace() calls that succeeded')
    expectBytes(await store.read(id, HOUR), winners[0]!, 'read() of the created session')
    for (const answer of answers) {
      if (answer?.replaced !== true) expectRefused(answer, winners[0]!, 'a replace() that came too late')
    }
  })
}
