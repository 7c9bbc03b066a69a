import { InMemoryStore } from 'fastify-starsessions'
import type { Commands } from './commands.ts'
import { DAY, newId } from './limit.ts'
import type { Seal } from './seals.ts'

/** What the plugin by hand needs of a store. `Stored` is the form in which the store keeps the JSON of a session. */
export interface HandStore<Stored> {
  readonly form: Form<Stored>
  /** Whether the cookie holds the session, so that a rolling session must be sealed again. */
  readonly isInCookie: boolean
  /** @param prolongs whether the session is rolling */
  read(id: string, prolongs: boolean): Promise<Stored | null>
  /** @returns the new session's id */
  write(stored: Stored): Promise<string>
  /** @returns the id if the cookie has to be sent again */
  replace(id: string, old: Stored, stored: Stored): Promise<string | undefined>
  remove(id: string): Promise<unknown>
}

interface Form<Stored> {
  of(text: string): Stored
  textOf(stored: Stored): string
  isSame(a: Stored, b: Stored): boolean
}

const LIFETIME_SECONDS = DAY / 1000

const decoder = new TextDecoder()

const BYTES: Form<Uint8Array> = {
  of: (text) => Buffer.from(text),
  textOf: (bytes) => decoder.decode(bytes),
  isSame: (a, b) => Buffer.compare(a, b) === 0
}

const TEXT: Form<string> = { of: (text) => text, textOf: (text) => text, isSame: (a, b) => a === b }

export function inMemory(): HandStore<Uint8Array> {
  const store = new InMemoryStore()
  return {
    form: BYTES,
    isInCookie: false,
    read: async (id, prolongs) => store.read(id, LIFETIME_SECONDS, prolongs ? LIFETIME_SECONDS : 0),
    write: async (bytes) => store.write(newId(), bytes, LIFETIME_SECONDS, LIFETIME_SECONDS),
    async replace(id, old, bytes) {
      await store.replace(id, old, bytes, LIFETIME_SECONDS, LIFETIME_SECONDS)
      return undefined
    },
    remove: async (id) => store.remove(id)
  }
}

export const inRedis = (commands: Commands): HandStore<string> => ({
  form: TEXT,
  isInCookie: false,
  read: (id, prolongs) => (prolongs ? commands.getAndProlong(id) : commands.get(id)),
  async write(text) {
    const id = newId()
    await commands.set(id, text)
    return id
  },
  async replace(id, _old, text) {
    await commands.set(id, text)
    return undefined
  },
  remove: (id) => commands.del(id)
})

/** The id is the sealed session itself. */
export const inCookie = ({ seal, open }: Seal): HandStore<string> => ({
  form: TEXT,
  isInCookie: true,
  read: async (value) => open(value),
  write: async (text) => seal(text),
  replace: async (_id, _old, text) => seal(text),
  remove: async () => undefined
})
