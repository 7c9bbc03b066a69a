import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { SessionStore } from '../../types/store.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

type Teardown = { teardown(fn: () => unknown): void }

export const SIGNING_SECRET = 'a signing secret that nobody may see in a log'

/** A store of the package. The security tests run with each of them. */
export interface Subject {
  readonly name: string
  /** Whether the server keeps the sessions, so that it can end them. If not, the browser keeps them. */
  readonly isServerSide: boolean
  /** Makes an empty store. */
  make(): SessionStore
}

export interface Subjects {
  readonly all: readonly Subject[]
  readonly serverSide: readonly Subject[]
  readonly redis: Redis
  readonly server: RedisServer
}

/** The three stores. Starts a Redis server for the third one. */
export async function subjects(t: Teardown): Promise<Subjects> {
  const server = await startRedis()
  const redis = new Redis(server.port)
  t.teardown(async () => {
    redis.disconnect()
    await server.stop()
  })
  let serial = 0
  const all: Subject[] = [
    { name: 'InMemoryStore', isServerSide: true, make: () => new InMemoryStore() },
    { name: 'CookieStore', isServerSide: false, make: () => new CookieStore({ secretKey: SIGNING_SECRET }) },
    {
      name: 'RedisStore',
      isServerSide: true,
      make: () => new RedisStore({ client: redis, prefix: `test-${serial++}.` })
    }
  ]
  return { all, serverSide: all.filter(({ isServerSide }) => isServerSide), redis, server }
}

/** Runs a subtest for each store. */
export async function forEach(
  t: Test,
  stores: readonly Subject[],
  body: (t: Test, subject: Subject) => Promise<void>
): Promise<void> {
  for (const subject of stores) await t.test(subject.name, (t) => body(t, subject))
}

/** One call of a store. */
export interface Call {
  readonly method: string
  readonly id: string
  /** The arguments that are bytes. */
  readonly bytes: readonly Buffer[]
  readonly numbers: readonly number[]
}

const METHODS = ['read', 'write', 'remove', 'touch', 'replace'] as const

/** Wraps a store so that it records its calls. */
export function watched(store: SessionStore, calls: Call[] = []): { store: SessionStore; calls: Call[] } {
  const watching: Record<string, unknown> = { ownsIds: store.ownsIds, readProlongs: store.readProlongs }
  for (const method of METHODS) {
    const inner = store[method] as ((...args: unknown[]) => unknown) | undefined
    if (inner === undefined) continue
    watching[method] = (...args: unknown[]) => {
      calls.push({
        method,
        id: String(args[0]),
        bytes: args.filter((arg) => arg instanceof Uint8Array).map((bytes) => Buffer.from(bytes)),
        numbers: args.filter((arg) => typeof arg === 'number')
      })
      return inner.apply(store, args)
    }
  }
  if (store.forCookie !== undefined) watching.forCookie = (name: string) => watched(store.forCookie!(name), calls).store
  return { store: watching as unknown as SessionStore, calls }
}

type CryptoFunction = (...args: never[]) => unknown

/** Replaces a function of node:crypto for all modules until the test ends. */
export function patchCrypto(
  t: Teardown,
  name: keyof typeof crypto,
  wrap: (original: CryptoFunction) => CryptoFunction
) {
  const members = crypto as unknown as Record<string, CryptoFunction>
  const original = members[name]!
  const put = (value: CryptoFunction) => {
    members[name] = value
    syncBuiltinESMExports()
  }
  t.teardown(() => put(original))
  put(wrap(original.bind(crypto) as CryptoFunction))
}

/** The secrets that `text` contains as text or bytes: whole, or their first or last 16 characters. */
export function leaks(text: string, secrets: Iterable<string>): string[] {
  // JSON writes a Uint8Array as {"0":123,"1":34}. Without the keys, its bytes can be found.
  const texts = [text, text.replace(/"\d+":/g, '')]
  return [...secrets].filter((secret) => {
    if (secret.length < 8) throw new Error(`"${secret}" is too short to search for`)
    return [secret, secret.slice(0, 16), secret.slice(-16)]
      .flatMap(spellings)
      .some((part) => texts.some((where) => where.includes(part)))
  })
}

/** The text itself, and the forms in which JSON and util.inspect show its bytes. */
function spellings(part: string): string[] {
  const bytes = Buffer.from(part)
  const hex = bytes.toString('hex')
  return [part, [...bytes].join(), hex, hex.replace(/..(?!$)/g, '$& ')]
}
