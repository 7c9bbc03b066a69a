import type { RedisSubscriber } from '../../../types/clients/redis.ts'
import type {
  Enlisted,
  ListEntry,
  Listing,
  SessionsByUser,
  WhichSessions
} from '../../../types/users/sessions-by-user.ts'
import { LISTING_ENDED } from '../enlisting.ts'
import { isOne, type Script, toBuffer } from './commands.ts'
import { Endings } from './endings.ts'
import { BLOCK, BLOCK_MS, BLOCKED, CREATE, DROP, ENTER, IS_LISTED, LEFT, LIST, MARK, SETTLE } from './user-scripts.ts'

/** The part of the store that its lists need. */
export interface UserRecords {
  /** Runs a script by its hash. */
  run(script: Script, key: string, args: readonly (string | Buffer)[]): Promise<unknown>
  /** The name of a record, by which its key can be found. */
  nameOf(sessionId: string): string
  keyOf(name: string): string
  /** For how long the store keeps a record. */
  milliseconds(lifetime: number, ttl: number): number
}

/** An entry of the list as Redis has it. */
interface RedisEntry {
  readonly handle: string
  readonly raw: Buffer
  readonly endsAt: number
  readonly authenticatedAt: number
  readonly entered: number
  readonly names: readonly string[]
  readonly label: Uint8Array | undefined
}

const textIn = (value: unknown): string => String(value)
const split = (names: string): string[] => names.split(',').filter((name) => name !== '')
const milliseconds = (seconds: number): string => Math.round(seconds * 1000).toFixed(0)

/**
 * The sessions of each user in Redis. The order of the commands matters: the entry before its record; and at the end,
 * mark the entry, block its records, then drop it. So a crash between two commands leaves what the next caller finishes.
 */
export class RedisUsers implements SessionsByUser {
  /** Only with a subscriber. */
  readonly watch: SessionsByUser['watch']
  readonly #records: UserRecords

  constructor(records: UserRecords, subscriber: RedisSubscriber | undefined) {
    this.#records = records
    if (subscriber === undefined) return
    const endings = new Endings(subscriber, () => this.#channel)
    this.watch = (listener) => endings.watch(listener)
  }

  async enlist(id: string, data: Uint8Array, lifetime: number, ttl: number, listing: Listing): Promise<Enlisted> {
    const { user, handle } = listing
    const isOver = id !== '' && lifetime !== 0 && !(ttl > 0)
    if (isOver) return LISTING_ENDED
    const name = id === '' ? '' : this.#records.nameOf(id)
    let [answer, ...rest] = await this.#enter(name, listing, false)
    if (textIn(answer) === 'full') {
      await this.#dropDead(user, entriesIn(rest))
      ;[answer, ...rest] = await this.#enter(name, listing, true)
    }
    if (textIn(answer) === 'refused') return { enlisted: false, reason: 'full' }
    if (textIn(answer) !== 'entered') return LISTING_ENDED
    const [deadline = '', evicted = '', block = ''] = rest.map(textIn)
    await this.#blockAll(user, split(block), evicted !== '')
    if (name !== '' && !(await this.#create(name, data, lifetime, ttl, deadline))) {
      await this.#settle(user, handle, name)
      return LISTING_ENDED
    }
    return { enlisted: true, evicted: split(evicted) }
  }

  delist(id: string, user: string, handle: string): Promise<unknown> {
    return this.#settle(user, handle, id === '' ? '' : this.#records.nameOf(id))
  }

  async list(user: string): Promise<ListEntry[]> {
    const entries = entriesIn((await this.#onUser(LIST, user)) as Buffer[])
    const listed: ListEntry[] = []
    const left = await this.#dropDead(user, entries)
    for (const [index, { handle, authenticatedAt, endsAt, label, names }] of entries.entries()) {
      const lived = left[index]!
      if (names.length > 0 && lived < 0) continue
      listed.push({ handle, authenticatedAt, endsAt, label, ttl: names.length > 0 ? lived / 1000 : undefined })
    }
    return listed
  }

  async end(user: string, { only, except = '', at }: WhichSessions): Promise<string[]> {
    const isAll = only === undefined
    const marked = await this.#onUser(MARK, user, isAll ? 'all' : 'one', isAll ? except : only, milliseconds(at), '')
    const found = (marked as unknown[]).map(textIn)
    const ended: string[] = []
    const names: string[] = []
    const blocking: Promise<void>[] = []
    for (let index = 0; index < found.length; index += 3) {
      const [handle = '', isOurs, joined = ''] = found.slice(index, index + 3)
      const its = split(joined)
      names.push(...its)
      blocking.push(
        this.#block(its).then((wasAlive) => {
          if (isOurs === '1' && (wasAlive || its.length === 0)) ended.push(handle)
        })
      )
    }
    await Promise.all(blocking)
    if (blocking.length > 0) await this.#dropMarked(user, names)
    return ended
  }

  async isListed(user: string, handle: string): Promise<boolean> {
    return isOne(await this.#onUser(IS_LISTED, user, handle))
  }

  async #enter(name: string, listing: Listing, isForced: boolean): Promise<unknown[]> {
    const { user, handle, endsAt, authenticatedAt, label, isListed, max, whenFull } = listing
    const args = [
      handle,
      name,
      milliseconds(endsAt),
      milliseconds(authenticatedAt),
      label === undefined ? '0' : '1',
      toBuffer(label ?? new Uint8Array(0)),
      isListed ? '1' : '0',
      String(max),
      whenFull,
      isForced ? '1' : '0',
      this.#channel
    ]
    return (await this.#records.run(ENTER, this.#keyOfUser(user), args)) as unknown[]
  }

  async #create(name: string, data: Uint8Array, lifetime: number, ttl: number, deadline: string): Promise<boolean> {
    const px = String(this.#records.milliseconds(lifetime, ttl))
    return isOne(await this.#records.run(CREATE, this.#records.keyOf(name), [toBuffer(data), px, deadline]))
  }

  #settle(user: string, handle: string, name: string): Promise<unknown> {
    return this.#onUser(SETTLE, user, handle, name)
  }

  /** Ends the records of sessions that are being ended, before a new session takes their room. */
  async #blockAll(user: string, names: readonly string[], hasEvicted: boolean): Promise<void> {
    if (names.length === 0 && !hasEvicted) return
    await this.#block(names)
    // They are dead already, so nobody has to wait until they are dropped. If it fails, the next caller drops them.
    this.#dropMarked(user, names).catch(() => undefined)
  }

  /** @returns whether one of the records was there */
  async #block(names: readonly string[]): Promise<boolean> {
    const answers = await Promise.all(
      names.map((name) => this.#records.run(BLOCK, this.#records.keyOf(name), [BLOCKED]))
    )
    return answers.some(isOne)
  }

  #dropMarked(user: string, blocked: readonly string[]): Promise<unknown> {
    return this.#onUser(MARK, user, 'none', '', '0', blocked.join(','))
  }

  /**
   * Drops entries whose records are gone: the store has expired them, or a process died between two commands.
   * @returns for each entry, how long its records live, in milliseconds. -1 if it has none
   */
  async #dropDead(user: string, entries: readonly RedisEntry[]): Promise<number[]> {
    return Promise.all(
      entries.map(async ({ handle, raw, names, entered }) => {
        const left = await Promise.all(
          names.map(async (name) => Number(await this.#records.run(LEFT, this.#records.keyOf(name), [BLOCKED])))
        )
        const longest = Math.max(-1, ...left)
        // A login that is under way has entered, but not created its record yet. Later it can no longer do so.
        const isDead = names.length > 0 && longest < 0 && entered < -BLOCK_MS
        if (isDead) await this.#onUser(DROP, user, handle, raw)
        return longest
      })
    )
  }

  #onUser(script: Script, user: string, ...args: (string | Buffer)[]): Promise<unknown> {
    return this.#records.run(script, this.#keyOfUser(user), [this.#channel, ...args])
  }

  #keyOfUser(user: string): string {
    return this.#records.keyOf(`user:${user}`)
  }

  /** The channel on which the scripts tell which sessions have ended. */
  get #channel(): string {
    return this.#records.keyOf('ended')
  }
}

/** Reads the time and the entries that a script has returned. `entered` is relative to that time. */
function entriesIn([now, ...found]: readonly unknown[]): RedisEntry[] {
  const entries: RedisEntry[] = []
  for (let index = 0; index < found.length; index += 2) {
    const raw = Buffer.from(found[index + 1] as Uint8Array)
    const before = raw.toString('latin1').split(' ', 5)
    const [, ends, at, entered, names = ''] = before
    const labelAt = before.join(' ').length + 1
    entries.push({
      handle: textIn(found[index]),
      raw,
      endsAt: Number(ends) / 1000,
      authenticatedAt: Number(at) / 1000,
      entered: Number(entered) - Number(textIn(now)),
      names: split(names),
      label: labelAt < raw.length ? Uint8Array.from(raw.subarray(labelAt)) : undefined
    })
  }
  return entries
}
