import { type Add, HOUR, utf8 } from '../cases.ts'
import { expect, expectSame } from '../expect.ts'
import type { Traits } from './traits.ts'

export function removalCases(add: Add, { ownsIds }: Traits): void {
  add('remove answers true only if it removed something, and may be repeated', async ({ store, id, text }) => {
    expect((await store.remove(id)) !== true, 'remove() of an unknown id must not answer true')
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    const first = await store.remove(written)
    expect(first === true || first === undefined, 'remove() of a record must answer true, or nothing')
    expectSame(await store.remove(written), first === true ? false : undefined, 'the second remove()')
    if (!ownsIds) expectSame(await text(written, HOUR), null, 'read() after remove()')
  })

  add('removing one session leaves the others', async ({ store, id, text }) => {
    const removed = await store.write(`${id}-1`, utf8('one'), HOUR, HOUR)
    const kept = await store.write(`${id}-2`, utf8('two'), HOUR, HOUR)
    await store.remove(removed)
    expectSame(await text(kept, HOUR), 'two', 'read() of the other session')
  })

  add('a removed session can be written again', async ({ store, id, text }) => {
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    await store.remove(written)
    expectSame(await text(await store.write(written, utf8('b'), HOUR, HOUR), HOUR), 'b', 'read()')
  })
}
