import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionStore } from '../../types/store.ts'
import type { Case, Subject } from '../../types/store-conformance.ts'
import { SessionOptionsError } from '../errors.ts'
import { expectBytesOrNull } from './expect.ts'

/** What a case gets. */
export interface Context {
  readonly store: SessionStore
  /** An id that no other case uses. */
  readonly id: string
  /** Lets seconds pass. */
  pass(seconds: number): void | Promise<void>
  /** The text under an id, or `null`. */
  text(id: string, lifetime: number, ttl?: number): Promise<string | null>
  /** Breaks the database, and returns a function that mends it. */
  breakDown(): Promise<() => void | Promise<void>>
}

/** Adds a case. */
export type Add = (title: string, body: (context: Context) => Promise<void>) => void

export const HOUR = 3600

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An id that differs from all others, also from those of other processes with the same database. */
export const uniqueId = (): string => `conformance-${randomUUID()}`

/** Repeats the steps until they take less time than this. On a busy machine a short-lived record may expire too early. */
export async function within<T>(seconds: number, steps: () => Promise<T>): Promise<T> {
  for (;;) {
    const began = performance.now()
    const result = await steps()
    if (performance.now() - began < seconds * 1000) return result
  }
}

/**
 * Makes a subject, and closes it afterwards.
 * @throws `FST_SESSION_OPTIONS` if there is no store. All errors of `use`, of `make` and of the subject
 */
export async function withSubject<T>(make: () => Promise<Subject>, use: (subject: Subject) => Promise<T>): Promise<T> {
  const subject = await make()
  const { store } = (subject ?? {}) as Partial<Subject>
  if (typeof store?.read !== 'function' || typeof store.write !== 'function' || typeof store.remove !== 'function') {
    throw new SessionOptionsError('make() must resolve to { store }, where the store has read, write and remove')
  }
  try {
    return await use(subject)
  } finally {
    await subject.close?.()
  }
}

export function makeCase(make: () => Promise<Subject>, title: string, body: (context: Context) => Promise<void>): Case {
  return { title, run: () => withSubject(make, (subject) => body(contextOf(subject))) }
}

function contextOf(subject: Subject): Context {
  const { store } = subject
  return {
    store,
    id: uniqueId(),
    pass: (seconds) => (subject.advance === undefined ? sleep(seconds * 1000) : subject.advance(seconds)),
    async text(id, ...times) {
      const data = await store.read(id, ...times)
      expectBytesOrNull(data, 'read()')
      return data === null ? null : new TextDecoder().decode(data)
    },
    async breakDown() {
      const mend = await subject.break?.()
      if (typeof mend === 'function') return mend
      throw new SessionOptionsError('break() must resolve to a function that mends the database')
    }
  }
}
