import { type Add, HOUR, utf8, within } from '../cases.ts'
import { expectSame } from '../expect.ts'
import type { Traits } from './traits.ts'

export function prolongingCases(add: Add, { touches, readProlongs }: Traits): void {
  if (touches) touchCases(add)
  if (readProlongs) readCases(add)
}

function touchCases(add: Add): void {
  add('touch sets a new ttl and does not change the bytes', async ({ store, id, pass, text }) => {
    const touched = await within(0.3, async () => {
      await store.write(`${id}-1`, utf8('longer'), HOUR, 0.3)
      return store.touch?.(`${id}-1`, HOUR, 30)
    })
    expectSame(touched, true, 'touch() of a session')
    await store.write(`${id}-2`, utf8('shorter'), HOUR, 30)
    expectSame(await store.touch?.(`${id}-2`, HOUR, 0.3), true, 'touch() with a shorter ttl')
    await pass(0.5)
    expectSame(await text(`${id}-1`, HOUR), 'longer', 'read() of the prolonged session')
    expectSame(await text(`${id}-2`, HOUR), null, 'read() of the shortened session')
  })

  add(
    'touch never creates a session, and never brings back a removed or expired one',
    async ({ store, id, pass, text }) => {
      await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
      await store.remove(`${id}-removed`)
      await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
      await pass(0.2)
      for (const kind of ['unknown', 'removed', 'expired']) {
        const gone = `${id}-${kind}`
        expectSame(await store.touch?.(gone, HOUR, HOUR), false, `touch() of the ${kind} session`)
        expectSame(await store.touch?.(gone, 0, 0), false, `touch() of the ${kind} session, with lifetime 0`)
        expectSame(await text(gone, HOUR), null, `read() of the ${kind} session after touch()`)
      }
    }
  )
}

function readCases(add: Add): void {
  add('a read with a ttl prolongs the session to this ttl', async ({ store, id, pass, text }) => {
    const found = await within(0.3, async () => {
      await store.write(id, utf8('a'), HOUR, 0.3)
      return text(id, HOUR, 30)
    })
    expectSame(found, 'a', 'read() with a ttl')
    await pass(0.5)
    expectSame(await text(id, HOUR), 'a', 'read() after the first ttl is over')
  })
}
