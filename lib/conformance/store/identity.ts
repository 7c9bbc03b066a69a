import { type Add, HOUR, utf8 } from '../cases.ts'
import { expect, expectBytes, expectSame } from '../expect.ts'
import type { Traits } from './traits.ts'

/** The longest id that a cookie can bring. */
const LONGEST_ID = 4_096
/** Databases cut or refuse texts at these lengths. */
const LENGTHS = [64, 128, 255, LONGEST_ID]

export function identityCases(add: Add, { ownsIds, readProlongs }: Traits): void {
  add('an unknown id reads as null', async ({ store, id }) => {
    expectSame(await store.read(id, HOUR), null, 'read() of an unknown id')
    expectSame(await store.read(id, 0), null, 'read() of an unknown id, with lifetime 0')
    if (readProlongs) expectSame(await store.read(id, HOUR, HOUR), null, 'read() of an unknown id, with a ttl')
  })

  add('write returns the id given, unless the store owns the ids', async ({ store, id }) => {
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    if (!ownsIds) return expectSame(written, id, 'write()')
    expect(
      typeof written === 'string' && /^[A-Za-z0-9._~+/=-]{1,4096}$/.test(written),
      'write() of a store that owns the ids must return 1 to 4,096 characters of [A-Za-z0-9._~+/=-]'
    )
  })

  add('ids that differ in one allowed character are different ids', async ({ store, id, text }) => {
    const ids = ['a', 'A', 'a.', 'a_', 'a~', 'a+', 'a/', 'a=', 'a-', 'a'.repeat(4_000)].map((end) => `${id}${end}`)
    const written = await Promise.all(ids.map((id, index) => store.write(id, utf8(String(index)), HOUR, HOUR)))
    for (const [index, one] of written.entries()) expectSame(await text(one, HOUR), String(index), `read() of ${one}`)
  })

  if (!ownsIds) differentEnds(add)

  add('concurrent writes of one session leave the complete bytes of one of them', async ({ store, id }) => {
    const values = Array.from({ length: 20 }, (_, index) => Buffer.alloc(500, index))
    const [written = ''] = await Promise.all(values.map((data) => store.write(id, data, HOUR, HOUR)))
    const data = await store.read(written, HOUR)
    expect(
      data !== null && values.some((value) => Buffer.compare(value, data) === 0),
      'read() must hand out the bytes of one write, not a mixture'
    )
  })
}

function differentEnds(add: Add): void {
  for (const length of LENGTHS) {
    add(`ids of ${length} characters that differ only in the last one are different ids`, async ({ store, id }) => {
      const ids = ['a', 'b'].map((end) => id.padEnd(length - 1, '-') + end)
      for (const one of ids) expectSame(await store.write(one, utf8(one.slice(-1)), HOUR, HOUR), one, 'write()')
      for (const one of ids) expectBytes(await store.read(one, HOUR), utf8(one.slice(-1)), 'read()')
      await store.remove(ids[0]!)
      expectSame(await store.read(ids[0]!, HOUR), null, 'read() of the removed id')
      expectBytes(await store.read(ids[1]!, HOUR), utf8('b'), 'read() of the other id')
    })
  }
}
