import { hash } from 'node:crypto'
import type { ExpressSessionStore, ExpressStoreOptions } from '../../types/clients/express-store.ts'
import type { SessionStore } from '../../types/store.ts'
import { isObject } from '../base/is-object.ts'
import { isThenable } from '../checks/answers.ts'
import { ownOptions } from '../checks/option-names.ts'
import { isExpressStore, STORE_HINTS } from '../checks/other-libraries.ts'
import { SessionOptionsError } from '../errors.ts'
import { packed, unpacked } from './express/envelope.ts'
import { gcSeconds, secondsToKeep } from './gc-ttl.ts'

/**
 * Keeps sessions in a store of express-session. It has three methods only, because such a store cannot compare and swap:
 * if two processes change one session at once, the later one wins.
 */
class ExpressStore implements SessionStore {
  readonly #store: ExpressSessionStore
  readonly #gcTtl: number
  readonly #hashIds: boolean

  constructor(store: ExpressSessionStore, options: ExpressStoreOptions) {
    const { gcTtl, hashIds = true } = ownOptions('fromExpressStore', options, ['gcTtl', 'hashIds'], STORE_HINTS)
    if (typeof hashIds !== 'boolean') throw new SessionOptionsError('fromExpressStore: hashIds must be true or false')
    this.#gcTtl = gcSeconds('fromExpressStore', gcTtl, 86_400)
    this.#hashIds = hashIds
    this.#store = store
  }

  /** Two stores of one kind may use the same database, and nothing tells. */
  sharesRecordsWith(other: SessionStore): boolean {
    return other instanceof ExpressStore && (!(#store in other) || other.#store.constructor === this.#store.constructor)
  }

  async read(sessionId: string): Promise<Uint8Array | null> {
    const session = await called((callback) => this.#store.get(this.#sid(sessionId), callback), nothingThere)
    return unpacked(session, Date.now())
  }

  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    const seconds = secondsToKeep(lifetime, ttl, this.#gcTtl)
    // Stores read an age of 0 as "until the browser closes", and keep such a session.
    if (!(seconds > 0)) await this.remove(sessionId)
    else {
      const session = packed(data, Date.now(), seconds)
      await called((callback) => this.#store.set(this.#sid(sessionId), session, callback))
    }
    return sessionId
  }

  async remove(sessionId: string): Promise<void> {
    await called((callback) => this.#store.destroy(this.#sid(sessionId), callback), nothingThere)
  }

  #sid(sessionId: string): string {
    return this.#hashIds ? hash('sha256', sessionId, 'hex') : sessionId
  }
}

/** Stores that keep files call back with this error if there is no file. */
const nothingThere = (error: unknown): boolean => isObject(error) && error.code === 'ENOENT'

type Callback = (error?: unknown, value?: unknown) => void

/**
 * Calls a store, and waits until the store calls back. Some stores also return a promise, which rejects with the same
 * error. Without `catch`, that rejection would end the process.
 * @param isNothing says whether an error means that there is nothing
 */
const called = (call: (callback: Callback) => unknown, isNothing = (_error: unknown) => false): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const fail = (error: unknown) => (isNothing(error) ? resolve(undefined) : reject(error))
    const returned = call((error, value) => (error ? fail(error) : resolve(value)))
    if (isThenable(returned)) Promise.resolve(returned).catch(fail)
  })

/**
 * Makes a store of this library out of a store of express-session:
 *
 * ```ts
 * const store = fromExpressStore(new RedisStore({ client })) // of connect-redis
 * await app.register(starsessions, { store })
 * ```
 *
 * The result has the three methods of a `SessionStore`. It has no `replace()`, because a store of express-session cannot
 * compare and swap. So if two processes change one session at once, the later one wins.
 *
 * @param store an instance, as express-session takes it
 * @throws `FST_SESSION_OPTIONS` if `store` is not a store of express-session, or an option is unknown or wrong
 */
export function fromExpressStore(store: ExpressSessionStore, options: ExpressStoreOptions = {}): SessionStore {
  const refusal = refusalOf(store)
  if (refusal !== undefined) throw new SessionOptionsError(`fromExpressStore: the store ${refusal}`)
  return new ExpressStore(store, options)
}

function refusalOf(store: unknown): string | undefined {
  if (typeof store === 'function') return 'is a class or a function: pass what `new` makes of it'
  const has = (name: string) => isObject(store) && typeof store[name] === 'function'
  if (isExpressStore(store)) return undefined
  if (has('read') && has('write')) return 'is a store of this library already: pass it to the plugin as "store"'
  if (has('then')) return 'is a promise: await it'
  return 'must have get(), set() and destroy(), as the stores of express-session have'
}
