import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { SessionStore } from '../../types/store.ts'
import { byUserCases } from './by-user-cases.ts'
import { MapStore } from './map-store.ts'

export interface Subject {
  store: SessionStore
  /** Lets seconds pass for the store. Without it the suite waits for them. */
  advance?: (seconds: number) => Promise<void>
  close?: () => Promise<void>
}

interface Context {
  store: SessionStore
  /** An id that no other test uses. */
  id: string
  pass: (seconds: number) => Promise<void>
  /** The text under an id, or null. */
  text: (id: string, lifetime: number, ttl?: number) => Promise<string | null>
}

const HOUR = 3600
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (data: Uint8Array | null): string | null => (data === null ? null : Buffer.from(data).toString('hex'))

/**
 * Tests the promises of `SessionStore`, for any store.
 * @param make makes a new store for each test
 */
export async function storeConformance(t: Test, name: string, make: () => Promise<Subject>): Promise<void> {
  await t.test(`${name} keeps what SessionStore promises`, async (t) => {
    const probe = await make()
    const { ownsIds = false, readProlongs = false } = probe.store
    const touches = probe.store.touch !== undefined
    const replaces = probe.store.replace !== undefined
    const cases = byUserCases(probe.store)
    await probe.close?.()
    const run = makeRunner(t, make)

    await identity(run, ownsIds)
    if (probe.store.sharesRecordsWith !== undefined) await sharing(run)
    await bytes(run, ownsIds)
    await removal(run, ownsIds)
    await time(run)
    if (!ownsIds) await timeLeft(run)
    if (touches) await touch(run)
    if (readProlongs) await prolongingRead(run)
    if (replaces) await replacing(run)
    for (const { title, run: runCase } of cases) await run(title, (_t, context) => runCase(context))
    if (replaces) await creating(run)
  })
}

type Runner = (title: string, body: (t: Test, context: Context) => Promise<void>) => Promise<unknown>

function makeRunner(t: Test, make: () => Promise<Subject>): Runner {
  let serial = 0
  return (title, body) =>
    t.test(title, async (t) => {
      const { store, advance, close } = await make()
      if (close !== undefined) t.teardown(close)
      await body(t, {
        store,
        id: `conformance-${serial++}`,
        pass: advance ?? ((seconds) => sleep(seconds * 1000)),
        async text(id, ...times) {
          const data = await store.read(id, ...times)
          return data === null ? null : new TextDecoder().decode(data)
        }
      })
    })
}

/** Repeats the steps until they take less time than this. On a busy machine a short-lived record may expire too early. */
async function within<T>(seconds: number, steps: () => Promise<T>): Promise<T> {
  for (;;) {
    const began = performance.now()
    const result = await steps()
    if (performance.now() - began < seconds * 1000) return result
  }
}

async function identity(run: Runner, ownsIds: boolean): Promise<void> {
  await run('an unknown id reads as null', async (t, { store, id }) => {
    t.equal(await store.read(id, HOUR), null)
    t.equal(await store.read(id, 0), null)
    if (store.readProlongs) t.equal(await store.read(id, HOUR, HOUR), null)
  })

  await run('write returns the id given, unless the store owns the ids', async (t, { store, id }) => {
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    if (ownsIds) t.match(written, /^[A-Za-z0-9._~+/=-]{1,4096}$/)
    else t.equal(written, id)
  })

  await run('ids that differ in one allowed character are different ids', async (t, { store, id, text }) => {
    const ids = ['a', 'A', 'a.', 'a_', 'a~', 'a+', 'a/', 'a=', 'a-', 'a'.repeat(4_000)].map((end) => `${id}${end}`)
    const written = await Promise.all(ids.map((id, index) => store.write(id, utf8(String(index)), HOUR, HOUR)))
    t.same(await Promise.all(written.map((id) => text(id, HOUR))), [...ids.keys()].map(String))
  })

  await run('concurrent writes of one session leave the complete bytes of one of them', async (t, { store, id }) => {
    const values = Array.from({ length: 20 }, (_, index) => Buffer.alloc(500, index))
    const ids = await Promise.all(values.map((data) => store.write(id, data, HOUR, HOUR)))
    t.ok(values.map(hex).includes(hex(await store.read(ids[0]!, HOUR))))
  })
}

async function sharing(run: Runner): Promise<void> {
  await run('a store shares its records with itself, and not with a store of another kind', async (t, { store }) => {
    t.equal(store.sharesRecordsWith?.(store), true)
    t.equal(store.sharesRecordsWith?.(new MapStore()), false)
  })
}

async function bytes(run: Runner, ownsIds: boolean): Promise<void> {
  await run('bytes come back as they were written', async (t, { store, id }) => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const large = randomBytes(ownsIds ? 2_500 : 100_000)
    for (const data of [utf8(''), everyByte, randomBytes(200), large, utf8('{"name":"Zoë €"}')]) {
      const written = await store.write(id, data, HOUR, HOUR)
      const read = await store.read(written, HOUR)
      t.ok(read instanceof Uint8Array)
      t.equal(hex(read), hex(data), `${data.length} bytes`)
    }
  })

  await run('a view into a larger buffer is written without the bytes around it', async (t, { store, id, text }) => {
    const written = await store.write(id, utf8('...data...').subarray(3, 7), HOUR, HOUR)
    t.equal(await text(written, HOUR), 'data')
  })

  await run('a write replaces the earlier bytes, longer or shorter', async (t, { store, id, text }) => {
    for (const value of ['first', 'second, which is longer', 'third']) {
      t.equal(await text(await store.write(id, utf8(value), HOUR, HOUR), HOUR), value)
    }
  })

  await run('bytes that the caller changes after a write do not change the session', async (t, { store, id, text }) => {
    const data = utf8('written')
    const written = await store.write(id, data, HOUR, HOUR)
    data.fill(0)
    t.equal(await text(written, HOUR), 'written')
  })

  await run('bytes that the caller changes after a read do not change the session', async (t, { store, id, text }) => {
    const written = await store.write(id, utf8('written'), HOUR, HOUR)
    const data = await store.read(written, HOUR)
    data?.fill(0)
    t.equal(await text(written, HOUR), 'written')
  })
}

async function removal(run: Runner, ownsIds: boolean): Promise<void> {
  await run('remove answers true only if it removed something, and may be repeated', async (t, { store, id, text }) => {
    t.not(await store.remove(id), true, 'an unknown id is no error')
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    const first = await store.remove(written)
    t.ok(first === true || first === undefined)
    t.equal(await store.remove(written), first === true ? false : undefined)
    if (!ownsIds) t.equal(await text(written, HOUR), null)
  })

  await run('removing one session leaves the others', async (t, { store, id, text }) => {
    const removed = await store.write(`${id}-1`, utf8('one'), HOUR, HOUR)
    const kept = await store.write(`${id}-2`, utf8('two'), HOUR, HOUR)
    await store.remove(removed)
    t.equal(await text(kept, HOUR), 'two')
  })

  await run('a removed session can be written again', async (t, { store, id, text }) => {
    const written = await store.write(id, utf8('a'), HOUR, HOUR)
    await store.remove(written)
    t.equal(await text(await store.write(written, utf8('b'), HOUR, HOUR), HOUR), 'b')
  })
}

async function time(run: Runner): Promise<void> {
  await run(
    'a session can be read until its time is over, and reads as null afterwards',
    async (t, { store, id, pass, text }) => {
      const { written, kept } = await within(0.6, async () => {
        const written = await store.write(id, utf8('a'), 0.6, 0.6)
        await pass(0.1)
        return { written, kept: await text(written, 0.6) }
      })
      t.equal(kept, 'a')
      await pass(1.6)
      t.equal(await text(written, 0.6), null)
    }
  )

  await run('a session without a lifetime is kept', async (t, { store, id, pass, text }) => {
    const written = await store.write(id, utf8('a'), 0, 0)
    await pass(1.1)
    t.equal(await text(written, 0), 'a')
  })
}

async function timeLeft(run: Runner): Promise<void> {
  await run(
    'a session lives for its ttl, not for its lifetime, and the ttl may be a fraction',
    async (t, { store, id, pass, text }) => {
      const kept = await within(0.4, async () => {
        await store.write(id, utf8('a'), HOUR, 0.4)
        await pass(0.1)
        return text(id, HOUR)
      })
      t.equal(kept, 'a', 'a plain read does not prolong')
      await pass(0.4)
      t.equal(await text(id, HOUR), null)
      t.not(await store.remove(id), true, 'it was gone already')
    }
  )

  await run('a write sets a new ttl, longer or shorter', async (t, { store, id, pass, text }) => {
    await within(0.3, async () => {
      await store.write(`${id}-1`, utf8('a'), HOUR, 0.3)
      await store.write(`${id}-1`, utf8('longer'), HOUR, 30)
    })
    await store.write(`${id}-2`, utf8('a'), HOUR, 30)
    await store.write(`${id}-2`, utf8('shorter'), HOUR, 0.3)
    await pass(0.5)
    t.equal(await text(`${id}-1`, HOUR), 'longer')
    t.equal(await text(`${id}-2`, HOUR), null)
  })

  await run('an expired session can be written again', async (t, { store, id, pass, text }) => {
    await store.write(id, utf8('a'), HOUR, 0.05)
    await pass(0.2)
    await store.write(id, utf8('b'), HOUR, HOUR)
    t.equal(await text(id, HOUR), 'b')
  })
}

async function touch(run: Runner): Promise<void> {
  await run('touch sets a new ttl and does not change the bytes', async (t, { store, id, pass, text }) => {
    const touched = await within(0.3, async () => {
      await store.write(`${id}-1`, utf8('longer'), HOUR, 0.3)
      return store.touch?.(`${id}-1`, HOUR, 30)
    })
    t.equal(touched, true)
    await store.write(`${id}-2`, utf8('shorter'), HOUR, 30)
    t.equal(await store.touch?.(`${id}-2`, HOUR, 0.3), true)
    await pass(0.5)
    t.equal(await text(`${id}-1`, HOUR), 'longer')
    t.equal(await text(`${id}-2`, HOUR), null)
  })

  await run(
    'touch never creates a session, and never brings back a removed or expired one',
    async (t, { store, id, pass, text }) => {
      await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
      await store.remove(`${id}-removed`)
      await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
      await pass(0.2)
      for (const gone of [`${id}-unknown`, `${id}-removed`, `${id}-expired`]) {
        t.equal(await store.touch?.(gone, HOUR, HOUR), false)
        t.equal(await store.touch?.(gone, 0, 0), false)
        t.equal(await text(gone, HOUR), null)
      }
    }
  )
}

async function prolongingRead(run: Runner): Promise<void> {
  await run('a read with a ttl prolongs the session to this ttl', async (t, { store, id, pass, text }) => {
    const found = await within(0.3, async () => {
      await store.write(id, utf8('a'), HOUR, 0.3)
      return text(id, HOUR, 30)
    })
    t.equal(found, 'a')
    await pass(0.5)
    t.equal(await text(id, HOUR), 'a')
  })
}

async function replacing(run: Runner): Promise<void> {
  await run(
    'replace writes the new bytes only if the stored bytes are the expected ones',
    async (t, { store, id, text }) => {
      await store.write(id, utf8('a'), HOUR, HOUR)
      t.same(await store.replace?.(id, utf8('a'), utf8('b'), HOUR, HOUR), { replaced: true })
      t.equal(await text(id, HOUR), 'b')
      const refused = await store.replace?.(id, utf8('a'), utf8('c'), HOUR, HOUR)
      t.equal(refused?.replaced, false)
      t.equal(refused?.replaced === false && hex(refused.current), hex(utf8('b')), 'the answer has the stored bytes')
      t.equal(await text(id, HOUR), 'b')
    }
  )

  await run('replace compares each byte, and stores each byte', async (t, { store, id }) => {
    const before = randomBytes(2_000)
    const after = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await store.write(id, before, HOUR, HOUR)
    const almost = Buffer.from(before)
    almost[1_999]! ^= 1
    for (const wrong of [almost, before.subarray(0, 1_999), utf8(''), Buffer.concat([before, before])]) {
      t.equal((await store.replace?.(id, wrong, after, HOUR, HOUR))?.replaced, false)
    }
    t.same(await store.replace?.(id, before, after, HOUR, HOUR), { replaced: true })
    t.equal(hex(await store.read(id, HOUR)), hex(after))
  })

  await run(
    'replace with null deletes the session only if the stored bytes are the expected ones',
    async (t, { store, id, text }) => {
      await store.write(id, utf8('a'), HOUR, HOUR)
      t.equal((await store.replace?.(id, utf8('b'), null, HOUR, HOUR))?.replaced, false)
      t.equal(await text(id, HOUR), 'a')
      t.same(await store.replace?.(id, utf8('a'), null, HOUR, HOUR), { replaced: true })
      t.equal(await text(id, HOUR), null)
    }
  )

  await run(
    'replace with expected bytes never creates a session, and never brings back a removed or expired one',
    async (t, { store, id, pass, text }) => {
      await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
      await store.remove(`${id}-removed`)
      await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
      await pass(0.2)
      for (const gone of [`${id}-unknown`, `${id}-removed`, `${id}-expired`]) {
        for (const data of [utf8('b'), null]) {
          for (const expected of [utf8('a'), utf8('')]) {
            t.same(await store.replace?.(gone, expected, data, HOUR, HOUR), { replaced: false, current: null })
          }
        }
        t.equal(await text(gone, HOUR), null)
      }
    }
  )

  await run('replace sets a new ttl, and a ttl of 0 removes the session', async (t, { store, id, pass, text }) => {
    await within(0.3, async () => {
      await store.write(`${id}-1`, utf8('a'), HOUR, 0.3)
      await store.replace?.(`${id}-1`, utf8('a'), utf8('longer'), HOUR, 30)
    })
    await within(0.3, async () => {
      await store.write(`${id}-4`, utf8('a'), 0.3, 0.3)
      await store.replace?.(`${id}-4`, utf8('a'), utf8('kept'), 0, 0)
    })
    await store.write(`${id}-2`, utf8('a'), HOUR, 30)
    await store.replace?.(`${id}-2`, utf8('a'), utf8('shorter'), HOUR, 0.3)
    await store.write(`${id}-3`, utf8('a'), HOUR, 30)
    t.same(await store.replace?.(`${id}-3`, utf8('a'), utf8('over'), HOUR, 0), { replaced: true })
    t.equal(await text(`${id}-3`, HOUR), null)
    await pass(0.5)
    t.equal(await text(`${id}-1`, HOUR), 'longer')
    t.equal(await text(`${id}-2`, HOUR), null)
    t.equal(await text(`${id}-4`, HOUR), 'kept')
  })

  await run('if several replaces at once expect the same bytes, one of them succeeds', async (t, { store, id }) => {
    await store.write(id, utf8('a'), HOUR, HOUR)
    const tries = Array.from({ length: 20 }, (_, i) => store.replace?.(id, utf8('a'), utf8(`new ${i}`), HOUR, HOUR))
    t.equal((await Promise.all(tries)).filter((result) => result?.replaced).length, 1)
  })
}

async function creating(run: Runner): Promise<void> {
  await run(
    'replace creates a session only where nothing is expected and nothing is',
    async (t, { store, id, text }) => {
      t.same(await store.replace?.(id, null, utf8('a'), HOUR, HOUR), { replaced: true })
      t.equal(await text(id, HOUR), 'a')
      for (const data of [utf8('b'), utf8('a'), null]) {
        const refused = await store.replace?.(id, null, data, HOUR, HOUR)
        t.equal(refused?.replaced, false)
        t.equal(refused?.replaced === false && hex(refused.current), hex(utf8('a')), 'the answer has the stored bytes')
      }
      t.equal(await text(id, HOUR), 'a')
    }
  )

  await run('replace creates a session where one was removed or has expired', async (t, { store, id, pass, text }) => {
    await store.write(`${id}-removed`, utf8('a'), HOUR, HOUR)
    await store.remove(`${id}-removed`)
    await store.write(`${id}-expired`, utf8('a'), HOUR, 0.05)
    await pass(0.2)
    for (const gone of [`${id}-removed`, `${id}-expired`]) {
      t.same(await store.replace?.(gone, null, utf8('b'), HOUR, HOUR), { replaced: true })
      t.equal(await text(gone, HOUR), 'b')
    }
  })

  await run('a created session lives for its ttl', async (t, { store, id, pass, text }) => {
    const kept = await within(0.3, async () => {
      await store.replace?.(`${id}-1`, null, utf8('short'), HOUR, 0.3)
      await store.replace?.(`${id}-2`, null, utf8('kept'), 0, 0)
      return text(`${id}-1`, HOUR)
    })
    t.equal(kept, 'short')
    await pass(0.5)
    t.equal(await text(`${id}-1`, HOUR), null)
    t.equal(await text(`${id}-2`, 0), 'kept')
  })

  await run(
    'replace of nothing by nothing, or by bytes without a ttl, stores nothing',
    async (t, { store, id, text }) => {
      for (const [data, ttl] of [
        [null, HOUR],
        [utf8('over'), 0]
      ] as const) {
        t.same(await store.replace?.(id, null, data, HOUR, ttl), { replaced: true })
        t.equal(await text(id, HOUR), null)
      }
      t.same(await store.replace?.(id, null, utf8('a'), HOUR, HOUR), { replaced: true })
    }
  )

  await run('empty bytes are bytes, not nothing', async (t, { store, id, text }) => {
    t.same(await store.replace?.(id, null, utf8(''), HOUR, HOUR), { replaced: true })
    t.equal(await text(id, HOUR), '')
    const refused = await store.replace?.(id, null, utf8('a'), HOUR, HOUR)
    t.equal(refused?.replaced === false && hex(refused.current), '')
    t.same(await store.replace?.(id, utf8(''), utf8('a'), HOUR, HOUR), { replaced: true })
    t.equal(await text(id, HOUR), 'a')
  })

  await run('if twenty calls at once create one session, one of them succeeds', async (t, { store, id }) => {
    const values = Array.from({ length: 20 }, (_, index) => utf8(`new ${index}`))
    const results = await Promise.all(values.map((data) => store.replace?.(id, null, data, HOUR, HOUR)))
    const winners = values.filter((_, index) => results[index]?.replaced)
    t.equal(winners.length, 1)
    t.equal(hex(await store.read(id, HOUR)), hex(winners[0] ?? null))
    for (const result of results) {
      if (result?.replaced === false) t.equal(hex(result.current), hex(winners[0] ?? null))
    }
  })
}
