import type {
  EndReason,
  Enlisted,
  ListEntry,
  Listing,
  SessionsByUser,
  WhichSessions
} from '../../../types/users/sessions-by-user.ts'
import { now } from '../../base/clock.ts'

/** The most answers that are remembered. The oldest are forgotten first. */
const MOST_REMEMBERED = 10_000

type Watch = (listener: (handles: readonly string[], reason: EndReason) => void) => () => void

/** The list of a `CookieStore`, which remembers for a while that a session is listed. */
export class CookieUsers implements SessionsByUser {
  readonly watch: Watch | undefined
  readonly #index: SessionsByUser
  readonly #recheck: number
  /** Until when a handle counts as listed (Unix time). */
  readonly #listedUntil = new Map<string, number>()

  /** @param recheck seconds */
  constructor(index: SessionsByUser, recheck: number) {
    this.#index = index
    this.#recheck = recheck
    if (index.watch === undefined) return
    this.watch = (listener) => index.watch!(listener)
    if (recheck > 0) index.watch((handles) => this.#forget(handles))
  }

  enlist(id: string, data: Uint8Array, lifetime: number, ttl: number, listing: Listing): Enlisted | Promise<Enlisted> {
    return this.#index.enlist(id, data, lifetime, ttl, listing)
  }

  delist(id: string, user: string, handle: string): unknown {
    this.#forget([handle])
    return this.#index.delist(id, user, handle)
  }

  list(user: string): readonly ListEntry[] | Promise<readonly ListEntry[]> {
    return this.#index.list(user)
  }

  async end(user: string, which: WhichSessions): Promise<readonly string[]> {
    const ended = await this.#index.end(user, which)
    this.#forget(ended)
    return ended
  }

  async isListed(user: string, handle: string): Promise<boolean> {
    const at = now()
    if ((this.#listedUntil.get(handle) ?? 0) > at) return true
    this.#listedUntil.delete(handle)
    const isListed = await this.#index.isListed!(user, handle)
    if (isListed && this.#recheck > 0) this.#remember(handle, at + this.#recheck)
    return isListed
  }

  #remember(handle: string, until: number): void {
    const [oldest] = this.#listedUntil.keys()
    if (this.#listedUntil.size >= MOST_REMEMBERED && oldest !== undefined) this.#listedUntil.delete(oldest)
    this.#listedUntil.set(handle, until)
  }

  #forget(handles: readonly string[]): void {
    for (const handle of handles) this.#listedUntil.delete(handle)
  }
}
