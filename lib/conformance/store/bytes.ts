import { randomBytes } from 'node:crypto'
import { type Add, HOUR, utf8 } from '../cases.ts'
import { expectBytes, expectSame } from '../expect.ts'

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const MEGABYTE = 1_000_000

export function bytesCases(add: Add): void {
  add('bytes come back as they were written', async ({ store, id }) => {
    for (const data of [EVERY_BYTE, randomBytes(200), randomBytes(2_500), utf8('{"name":"Zoë €"}'), utf8('[1]\n')]) {
      const written = await store.write(id, data, HOUR, HOUR)
      expectBytes(await store.read(written, HOUR), data, `read() of ${data.length} bytes`)
    }
  })

  add('empty bytes come back as empty bytes, not as null', async ({ store, id }) => {
    const written = await store.write(id, utf8(''), HOUR, HOUR)
    expectBytes(await store.read(written, HOUR), utf8(''), 'read()')
  })

  add('a megabyte comes back whole, or the write fails with FST_SESSION_TOO_LARGE', async ({ store, id }) => {
    const data = randomBytes(MEGABYTE)
    let written: string
    try {
      written = await store.write(id, data, HOUR, HOUR)
    } catch (error) {
      return expectSame(
        (error as { code?: unknown }).code,
        'FST_SESSION_TOO_LARGE',
        `write() failed (${error}): its code`
      )
    }
    expectBytes(await store.read(written, HOUR), data, 'read()')
  })

  add('a view into a larger buffer is written without the bytes around it', async ({ store, id, text }) => {
    const written = await store.write(id, utf8('...data...').subarray(3, 7), HOUR, HOUR)
    expectSame(await text(written, HOUR), 'data', 'read()')
  })

  add('a write replaces the earlier bytes, longer or shorter', async ({ store, id, text }) => {
    for (const value of ['first', 'second, which is longer', 'third']) {
      expectSame(await text(await store.write(id, utf8(value), HOUR, HOUR), HOUR), value, 'read() after another write')
    }
  })

  add('bytes that the caller changes after a write do not change the session', async ({ store, id, text }) => {
    const data = utf8('written')
    const written = await store.write(id, data, HOUR, HOUR)
    data.fill(0)
    expectSame(await text(written, HOUR), 'written', 'read()')
  })

  add('bytes that the caller changes after a read do not change the session', async ({ store, id, text }) => {
    const written = await store.write(id, utf8('written'), HOUR, HOUR)
    const data = await store.read(written, HOUR)
    data?.fill(0)
    expectSame(await text(written, HOUR), 'written', 'the second read()')
  })
}
