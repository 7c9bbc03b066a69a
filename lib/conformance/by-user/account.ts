import { deepEqual as same } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { SessionStore } from '../../../types/store.ts'
import type { Enlisted, Listing, SessionsByUser } from '../../../types/users/sessions-by-user.ts'
import { type Context, HOUR, utf8 } from '../cases.ts'

/** Adds a case. It gets a new user. */
export type AddForAccount = (title: string, body: (account: Account, context: Context) => Promise<void>) => void

const randomName = (bytes: number): string => randomBytes(bytes).toString('base64url')
export const newUser = (): string => randomName(32)
export const newHandle = (): string => randomName(12)
export const newId = (): string => randomName(32)
export const seconds = (): number => Date.now() / 1000

export const HAS_ENDED: Enlisted = { enlisted: false, reason: 'ended' }
export const sorted = (handles: readonly string[]): string[] => [...handles].sort()

/** The user of one case, with short forms of the calls. */
export class Account {
  readonly store: SessionStore
  readonly byUser: SessionsByUser
  readonly user = newUser()

  constructor(store: SessionStore) {
    this.store = store
    this.byUser = store.byUser as SessionsByUser
  }

  async enlist(id: string, handle: string, more: Partial<Listing> = {}, ttl = HOUR, data = id): Promise<Enlisted> {
    const at = seconds()
    return this.byUser.enlist(id, utf8(data), HOUR, ttl, {
      user: this.user,
      handle,
      authenticatedAt: at,
      endsAt: at + HOUR,
      label: undefined,
      isListed: false,
      max: 100,
      whenFull: 'end-oldest',
      ...more
    })
  }

  /** Logs in, and returns the id and the handle. */
  async login(more: Partial<Listing> = {}, ttl = HOUR): Promise<{ id: string; handle: string }> {
    const session = { id: newId(), handle: newHandle() }
    same(await this.enlist(session.id, session.handle, more, ttl), { enlisted: true, evicted: [] })
    return session
  }

  async handles(user = this.user): Promise<string[]> {
    return (await this.byUser.list(user)).map(({ handle }) => handle).sort()
  }

  async isAlive(id: string): Promise<boolean> {
    return (await this.store.read(id, HOUR)) !== null
  }

  async end(which: { only?: string; except?: string; at?: number } = {}): Promise<readonly string[]> {
    return this.byUser.end(this.user, { at: seconds(), ...which })
  }
}
