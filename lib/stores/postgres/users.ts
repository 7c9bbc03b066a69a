import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresValue } from '../../../types/stores/postgres.ts'
import type {
  Enlisted,
  ListEntry,
  Listing,
  SessionsByUser,
  WhichSessions
} from '../../../types/users/sessions-by-user.ts'
import { decideEnlisting, entriesOf, LISTING_ENDED, type ListedRow, type UserState } from '../enlisting.ts'
import { markerOf } from '../sql/marker.ts'
import { bufferOf, keyOfRow } from '../sql/row.ts'
import type { Row } from './clients.ts'
import type { TablePlace } from './schema.ts'
import type { Statement } from './statements.ts'
import { postgresUserStatements } from './user-statements.ts'

/** How often a change is tried while others change the list of the same user. */
const MOST_TRIES = 200
const LONGEST_WAIT_MS = 40

/** What the lists need of the store. */
export interface PostgresRecords {
  ask(statement: Statement, values: readonly PostgresValue[]): Promise<readonly Row[]>
  /** How many seconds a record is kept, or `undefined` if it has no time left. */
  seconds(lifetime: number, ttl: number): number | undefined
}

/** The state of a user, and the version of their list. */
type Versioned = UserState & { readonly version: Buffer }

/**
 * The sessions of each user in PostgreSQL. A row is its own entry.
 *
 * Another row for each user, the marker, has the version of the list, and remembers when all sessions were ended. First,
 * one statement reads the list with its version. Then one statement gives the list a new version and makes the change,
 * if the version is still the same. So no change can miss another one, whatever the isolation level is.
 */
export class PostgresUsers implements SessionsByUser {
  readonly #records: PostgresRecords
  readonly #statements: ReturnType<typeof postgresUserStatements>

  constructor(place: TablePlace, records: PostgresRecords) {
    this.#records = records
    this.#statements = postgresUserStatements(place)
  }

  async enlist(
    sessionId: string,
    data: Uint8Array,
    lifetime: number,
    ttl: number,
    listing: Listing
  ): Promise<Enlisted> {
    const { user, handle } = listing
    const id = keyOfRow(sessionId)
    const marker = keyOfRow(markerOf(user))
    const seconds = this.#records.seconds(lifetime, ttl)
    return this.#change(async () => {
      const state = await this.#stateOf(user, marker, id)
      const enlisting = decideEnlisting(data, toMicroseconds(listing), state)
      if ('answer' in enlisting) return enlisting.answer
      if (seconds === undefined) return LISTING_ENDED
      const { evicted, authenticatedAt, endsAt, label = Buffer.alloc(0) } = enlisting
      const version = [marker, randomBytes(16), state.version]
      const entry = [user, handle, authenticatedAt, endsAt, bufferOf(label)]
      const values = [...version, evicted.join(), ...entry, id, bufferOf(data), seconds]
      const rows = await this.#records.ask(this.#statements.enlist, values)
      return rows.length === 0 ? undefined : { enlisted: true, evicted }
    })
  }

  async delist(sessionId: string, user: string, handle: string): Promise<void> {
    await this.#records.ask(this.#statements.delist, [keyOfRow(sessionId), user, handle])
  }

  async list(user: string): Promise<ListEntry[]> {
    const marker = keyOfRow(markerOf(user))
    return entriesOf((await this.#stateOf(user, marker, marker)).rows)
  }

  async end(user: string, { only = '', except = '', at }: WhichSessions): Promise<string[]> {
    const marker = keyOfRow(markerOf(user))
    return this.#change(async () => {
      const { version } = await this.#stateOf(user, marker, marker)
      const remembered = only === '' ? at : 0
      const values = [marker, randomBytes(16), version, user, only, except, remembered]
      const [row] = await this.#records.ask(this.#statements.end, values)
      if (row?.done !== '1') return undefined
      return row.handles === null ? [] : String(row.handles).split(',')
    })
  }

  async #stateOf(user: string, marker: Buffer, id: Buffer): Promise<Versioned> {
    const rows = await this.#records.ask(this.#statements.state, [user, marker, id])
    const ofMarker = rows.find(({ kind }) => kind === 'marker')
    const present = rows.find(({ kind }) => kind === 'record')
    return {
      version: bytesOf(ofMarker?.data) ?? Buffer.alloc(0),
      endedAt: Number(ofMarker?.since ?? 0),
      present: present && {
        user: present.principal,
        handle: present.handle,
        data: Buffer.from(String(present.data), 'base64')
      },
      rows: rows.filter((row) => row.principal === user && row.listed !== null).map(rowOf)
    }
  }

  /** Tries a change until it has met no other change of the same list. */
  async #change<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const result = await attempt()
      if (result !== undefined) return result
      await sleep(Math.random() * Math.min(LONGEST_WAIT_MS, 2 * tries))
    }
    throw new Error(`the sessions of a user were changed by others ${MOST_TRIES} times in a row`)
  }
}

const bytesOf = (base64: unknown): Buffer | undefined =>
  typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined

const rowOf = ({ handle, since, until, label, left }: Row): ListedRow => ({
  handle: String(handle),
  authenticatedAt: Number(since),
  endsAt: Number(until),
  label: bytesOf(label),
  ttl: Number(left)
})

/** PostgreSQL counts in microseconds, so times are compared in microseconds. */
const toMicroseconds = (listing: Listing): Listing => ({
  ...listing,
  authenticatedAt: Math.round(listing.authenticatedAt * 1e6) / 1e6
})
