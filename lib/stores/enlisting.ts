import type { Enlisted, ListEntry, Listing } from '../../types/users/sessions-by-user.ts'

/** A record of a user's session, with the entry that it belongs to. */
export type ListedRow = ListEntry & { readonly ttl: number }

/** What a store has about a user, and under the id that is to be added. Records whose time is over do not count. */
export interface UserState {
  /** When all sessions of the user were ended, as a Unix time. 0: never, or long ago. */
  readonly endedAt: number
  /** The record under the id. */
  readonly present: { readonly user: unknown; readonly handle: unknown; readonly data: Uint8Array } | undefined
  readonly rows: readonly ListedRow[]
}

/** What `enlist` has to do: answer, or store the record with these values, and end the sessions in `evicted`. */
export type Enlisting =
  | { readonly answer: Enlisted }
  | (Pick<ListEntry, 'authenticatedAt' | 'endsAt' | 'label'> & { readonly evicted: readonly string[] })

/** The answer of `enlist` if the session, or the login, has ended. */
export const LISTING_ENDED: Enlisted = { enlisted: false, reason: 'ended' }

/** Decides about a call of `enlist`, with the steps of `SessionsByUser.enlist`. */
export function decideEnlisting(data: Uint8Array, listing: Listing, { endedAt, present, rows }: UserState): Enlisting {
  const { user, handle, isListed, max, whenFull } = listing
  const entries = entriesOf(rows)
  const session = entries.find((entry) => entry.handle === handle)
  if (isListed ? session === undefined : listing.authenticatedAt < endedAt) return { answer: LISTING_ENDED }
  if (present !== undefined) {
    const isOurs = present.user === user && present.handle === handle && Buffer.compare(present.data, data) === 0
    return { answer: isOurs ? { enlisted: true, evicted: [] } : LISTING_ENDED }
  }
  const surplus = session === undefined ? Math.max(0, entries.length + 1 - max) : 0
  if (surplus > 0 && whenFull === 'refuse') return { answer: { enlisted: false, reason: 'full' } }
  const oldest = [...entries].sort((one, other) => one.authenticatedAt - other.authenticatedAt)
  return {
    evicted: oldest.slice(0, surplus).map((entry) => entry.handle),
    authenticatedAt: Math.max(listing.authenticatedAt, session?.authenticatedAt ?? 0),
    endsAt: listing.endsAt,
    label: listing.label ?? session?.label
  }
}

/** One entry for each handle. If it has several rows, the longest time counts. */
export function entriesOf(rows: readonly ListedRow[]): ListedRow[] {
  const entries = new Map<string, ListedRow>()
  for (const row of rows) {
    const other = entries.get(row.handle)
    if (other === undefined || other.ttl < row.ttl) entries.set(row.handle, row)
  }
  return [...entries.values()]
}
