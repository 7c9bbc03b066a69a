import { InMemoryStore } from '../../stores/memory.ts'
import { type Add, HOUR, utf8 } from '../cases.ts'
import { expect, expectBytes, expectSame } from '../expect.ts'
import type { Traits } from './traits.ts'

/** What the plugin asks a store at registration, and after a read. */
export function registrationCases(add: Add, { compares, bindsToCookie, explains }: Traits): void {
  if (compares) {
    add('a store shares its records with itself, and not with a store of another kind', async ({ store }) => {
      expectSame(store.sharesRecordsWith?.(store), true, 'sharesRecordsWith() of the store itself')
      expectSame(store.sharesRecordsWith?.(new InMemoryStore()), false, 'sharesRecordsWith() of another kind of store')
    })
  }

  if (bindsToCookie) {
    add('the store for one cookie reads what it has written', async ({ store, id }) => {
      const bound = store.forCookie!('conformance')
      const written = await bound.write(id, utf8('a'), HOUR, HOUR)
      expectBytes(await bound.read(written, HOUR), utf8('a'), 'read() of the store that forCookie() returns')
    })
  }

  if (explains) {
    add('explain answers undefined, or a code of at most 40 characters', async ({ store, id }) => {
      await store.read(id, HOUR)
      const code: unknown = store.explain?.(id, HOUR)
      expect(
        code === undefined || (typeof code === 'string' && /^[\w.-]{1,40}$/.test(code)),
        'explain() must return undefined, or a code of at most 40 letters, digits, "_", "." and "-"'
      )
    })
  }
}
