import { equal, ok, deepEqual as same } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { EndReason, Enlisted, Listing, SessionsByUser } from '../../types/sessions-by-user.ts'
import type { SessionStore } from '../../types/store.ts'

/** What each case gets. */
export interface ByUserContext {
  readonly store: SessionStore
  /** Lets seconds pass for the store. */
  pass(seconds: number): Promise<void>
}

export interface ByUserCase {
  readonly title: string
  run(context: ByUserContext): Promise<void>
}

const HOUR = 3_600
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const name = (bytes: number): string =>
  randomBytes(bytes)
    .toString('base64url')
    .slice(0, Math.ceil((bytes * 4) / 3))
const newUser = (): string => name(32)
const newHandle = (): string => name(12)
const newId = (): string => name(32)
const seconds = (): number => Date.now() / 1000

/** The user of one case, with short forms of the calls. */
class Subject {
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

  end(which: { only?: string; except?: string; at?: number } = {}): Promise<readonly string[]> {
    return Promise.resolve(this.byUser.end(this.user, { at: seconds(), ...which }))
  }
}

const cases: ByUserCase[] = []
const add = (title: string, body: (subject: Subject, context: ByUserContext) => Promise<void>) =>
  cases.push({ title, run: (context) => body(new Subject(context.store), context) })

const ENDED: Enlisted = { enlisted: false, reason: 'ended' }
const sorted = (handles: readonly string[]): string[] => [...handles].sort()

add('enlist stores the record and lists its session', async (subject) => {
  const [id, handle, at] = [newId(), newHandle(), seconds() - 5]
  const label = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const listing = { authenticatedAt: at, endsAt: at + 2 * HOUR, label }
  same(await subject.enlist(id, handle, listing, 600), { enlisted: true, evicted: [] })
  same(Buffer.from((await subject.store.read(id, HOUR)) ?? ''), Buffer.from(id))
  const [entry, ...others] = await subject.byUser.list(subject.user)
  same(others, [])
  ok(entry !== undefined)
  equal(entry.handle, handle)
  ok(Math.abs(entry.authenticatedAt - at) < 0.002 && Math.abs(entry.endsAt - at - 2 * HOUR) < 0.002)
  same(Buffer.from(entry.label ?? ''), Buffer.from(label))
  ok(entry.ttl === undefined || (entry.ttl > 590 && entry.ttl <= 600.1), `ttl ${entry.ttl}`)
})

add('an unknown user has no sessions, and ending them is no error', async (subject) => {
  same(await subject.byUser.list(subject.user), [])
  same(await subject.end(), [])
  same(await subject.end({ only: newHandle() }), [])
  await subject.byUser.delist(newId(), subject.user, newHandle())
})

add('users have lists of their own', async (subject) => {
  const other = new Subject(subject.store)
  const [ours, theirs] = [await subject.login(), await other.login()]
  same([await subject.handles(), await other.handles()], [[ours.handle], [theirs.handle]])
  same(await subject.end(), [ours.handle])
  same([await subject.isAlive(ours.id), await other.isAlive(theirs.id)], [false, true])
  same(await other.handles(), [theirs.handle])
})

add('a listed session gets one more id, and ending it ends both', async (subject) => {
  const { id, handle } = await subject.login()
  const second = newId()
  same(await subject.enlist(second, handle, { isListed: true }), { enlisted: true, evicted: [] })
  same(await subject.handles(), [handle])
  same(await subject.end({ only: handle }), [handle])
  same([await subject.isAlive(id), await subject.isAlive(second)], [false, false])
  same(await subject.handles(), [])
})

add('an id is only added to a session that is listed', async (subject) => {
  const { id, handle } = await subject.login()
  await subject.end({ only: handle })
  for (const [user, gone] of [
    [subject.user, handle],
    [subject.user, newHandle()],
    [newUser(), handle]
  ] as const) {
    const refused = newId()
    same(await subject.enlist(refused, gone, { isListed: true, user }), ENDED)
    equal(await subject.isAlive(refused), false)
    same(await subject.handles(user), [])
  }
  equal(await subject.isAlive(id), false)
})

add('another id keeps the label and the later login, unless it brings new ones', async (subject) => {
  const at = seconds() - 100
  const { handle } = await subject.login({ label: utf8('first'), authenticatedAt: at })
  const entry = async () => {
    const [only] = await subject.byUser.list(subject.user)
    return { label: Buffer.from(only?.label ?? '').toString(), after: Math.round((only?.authenticatedAt ?? 0) - at) }
  }
  await subject.enlist(newId(), handle, { isListed: true, authenticatedAt: at - 50 })
  same(await entry(), { label: 'first', after: 0 })
  await subject.enlist(newId(), handle, { isListed: true, authenticatedAt: at + 50, label: utf8('second') })
  same(await entry(), { label: 'second', after: 50 })
})

add('delist takes one id out, and the entry goes with the last', async (subject) => {
  const { id, handle } = await subject.login()
  const second = newId()
  await subject.enlist(second, handle, { isListed: true })
  await subject.byUser.delist(id, subject.user, newHandle())
  await subject.byUser.delist(newId(), subject.user, handle)
  same(await subject.handles(), [handle])
  await subject.byUser.delist(id, subject.user, handle)
  await subject.byUser.delist(id, subject.user, handle)
  same(await subject.handles(), [handle])
  same(await subject.end({ only: handle }), [handle])
  same([await subject.isAlive(id), await subject.isAlive(second)], [true, false], 'a record that was taken out stays')
})

add('after a logout the session is not listed', async (subject) => {
  const ways = [
    (id: string) => subject.store.remove(id),
    (id: string) => subject.store.replace?.(id, utf8(id), null, HOUR, HOUR)
  ]
  for (const logOut of ways) {
    const [gone, kept] = [await subject.login(), await subject.login()]
    await logOut(gone.id)
    await subject.byUser.delist(gone.id, subject.user, gone.handle)
    same(await subject.handles(), [kept.handle])
    await subject.end()
  }
})

add('a replaced record stays in its entry', async (subject) => {
  const { id, handle } = await subject.login()
  same(await subject.store.replace?.(id, utf8(id), utf8('changed'), HOUR, HOUR), { replaced: true })
  same(await subject.handles(), [handle])
  await subject.end()
  equal(await subject.isAlive(id), false)
})

add('a session whose record has expired is not listed', async (subject, { pass }) => {
  const [short, long] = [await subject.login({}, 0.3), await subject.login()]
  await pass(0.6)
  same(await subject.handles(), [long.handle])
  equal(await subject.isAlive(short.id), false)
})

add('an entry is over at its end, and the session then gets no new id', async (subject, { pass }) => {
  const { handle } = await subject.login({ endsAt: seconds() + 0.3 }, 0.3)
  await pass(0.6)
  same(await subject.handles(), [])
  same(await subject.enlist(newId(), handle, { isListed: true }), ENDED)
})

add('end ends one session, all but one, or all', async (subject) => {
  const logins = [await subject.login(), await subject.login(), await subject.login(), await subject.login()]
  const [first, second] = logins.map(({ handle }) => handle) as [string, string]
  const alive = async () => Promise.all(logins.map(({ id }) => subject.isAlive(id)))
  same(await subject.end({ only: first }), [first])
  same(await subject.end({ only: first }), [])
  same(await alive(), [false, true, true, true])
  same(sorted(await subject.end({ except: second })), sorted(logins.slice(2).map(({ handle }) => handle)))
  same(await alive(), [false, true, false, false])
  same(await subject.handles(), [second])
  same(await subject.end({ except: first }), [second], 'the handle of an ended session excepts nothing')
  same([await alive(), await subject.handles()], [[false, false, false, false], []])
})

add('an ended session can be neither read nor replaced nor prolonged', async (subject) => {
  const { store } = subject
  const { id } = await subject.login()
  await subject.end()
  for (let round = 0; round < 2; round++) {
    equal(await store.read(id, HOUR), null)
    if (store.readProlongs) equal(await store.read(id, HOUR, HOUR), null)
    same(await store.replace?.(id, utf8(id), utf8('b'), HOUR, HOUR), { replaced: false, current: null })
    await store.touch?.(id, HOUR, HOUR)
  }
  equal(await store.read(id, HOUR), null)
})

add('a login that began before all sessions were ended is refused', async (subject) => {
  const at = seconds()
  await subject.login({ authenticatedAt: at - 10 })
  await subject.end({ at })
  const refused = newId()
  same(await subject.enlist(refused, newHandle(), { authenticatedAt: at - 0.001 }), ENDED)
  same([await subject.isAlive(refused), await subject.handles()], [false, []])
  const { handle } = await subject.login({ authenticatedAt: at })
  same(await subject.handles(), [handle])
  await subject.end({ at: at - 100 })
  same(await subject.enlist(newId(), newHandle(), { authenticatedAt: at - 1 }), ENDED, 'the latest time counts')
})

add('ending all but one refuses earlier logins as well, and the one stays', async (subject) => {
  const at = seconds()
  const { id, handle } = await subject.login({ authenticatedAt: at - 10 })
  await subject.end({ except: handle, at })
  same(await subject.enlist(newId(), newHandle(), { authenticatedAt: at - 1 }), ENDED)
  same(await subject.enlist(newId(), handle, { authenticatedAt: at - 10, isListed: true }), {
    enlisted: true,
    evicted: []
  })
  equal(await subject.isAlive(id), true)
})

add('ending one session refuses no login', async (subject) => {
  const at = seconds()
  const { handle } = await subject.login()
  await subject.end({ only: handle, at })
  await subject.login({ authenticatedAt: at - 10 })
})

add('with end-oldest, a login above the limit ends the sessions with the earliest logins', async (subject) => {
  const at = seconds() - 100
  const third = await subject.login({ authenticatedAt: at + 3 })
  const first = await subject.login({ authenticatedAt: at + 1 })
  const second = await subject.login({ authenticatedAt: at + 2 })
  const fourth = newHandle()
  same(await subject.enlist(newId(), fourth, { max: 3 }), { enlisted: true, evicted: [first.handle] })
  same([await subject.isAlive(first.id), await subject.isAlive(second.id)], [false, true])
  same(await subject.handles(), sorted([second.handle, third.handle, fourth]))
  const fifth = newHandle()
  const answer = await subject.enlist(newId(), fifth, { max: 2 })
  same(answer.enlisted && sorted(answer.evicted), sorted([second.handle, third.handle]), 'the limit was lowered')
  same(await subject.handles(), sorted([fourth, fifth]))
})

add('with refuse, a login above the limit is refused, and stores nothing', async (subject) => {
  const [one, two] = [await subject.login(), await subject.login()]
  const id = newId()
  const refuse = { max: 2, whenFull: 'refuse' } as const
  same(await subject.enlist(id, newHandle(), refuse), { enlisted: false, reason: 'full' })
  equal(await subject.isAlive(id), false)
  same(await subject.handles(), sorted([one.handle, two.handle]))
  same(await subject.enlist(newId(), one.handle, { ...refuse, isListed: true }), { enlisted: true, evicted: [] })
  await subject.end({ only: two.handle })
  await subject.login(refuse)
})

add('enlist never overwrites a record, but knows its own bytes', async (subject) => {
  const { id, handle } = await subject.login()
  same(await subject.enlist(id, newHandle(), {}, HOUR, 'other'), ENDED)
  same(Buffer.from((await subject.store.read(id, HOUR)) ?? '').toString(), id)
  same(await subject.enlist(id, handle, { isListed: true }), { enlisted: true, evicted: [] })
  const anonymous = newId()
  await subject.store.write(anonymous, utf8('anonymous'), HOUR, HOUR)
  same(await subject.enlist(anonymous, newHandle()), ENDED)
  equal(await subject.isAlive(anonymous), true)
})

add('a record without time left is not stored', async (subject) => {
  const id = newId()
  same(await subject.enlist(id, newHandle(), {}, 0), ENDED)
  equal(await subject.isAlive(id), false)
  same(await subject.handles(), [])
})

add('many logins at once never exceed the limit, and each living session is listed', async (subject) => {
  const logins = Array.from({ length: 20 }, () => ({ id: newId(), handle: newHandle() }))
  await Promise.all(logins.map(({ id, handle }) => subject.enlist(id, handle, { max: 3 })))
  const alive = []
  for (const { id, handle } of logins) if (await subject.isAlive(id)) alive.push(handle)
  equal(alive.length, 3)
  same(await subject.handles(), sorted(alive))
})

add('with refuse, exactly as many logins at once succeed as there is room', async (subject) => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => subject.enlist(newId(), newHandle(), { max: 3, whenFull: 'refuse' }))
  )
  equal(answers.filter(({ enlisted }) => enlisted).length, 3)
  equal((await subject.handles()).length, 3)
})

add('what began before the end of all sessions does not survive it', async (subject) => {
  for (let round = 0; round < 20; round++) {
    const { id, handle } = await subject.login()
    const [login, successor] = [newId(), newId()]
    const at = seconds() + 1
    const calls = [
      () => subject.enlist(login, newHandle()),
      () => subject.enlist(successor, handle, { isListed: true }),
      () => subject.store.replace?.(id, utf8(id), utf8('changed'), HOUR, HOUR),
      () => subject.end({ at })
    ]
    if (round % 2 === 1) calls.reverse()
    await Promise.all(calls.map((call) => call()))
    for (const one of [id, login, successor]) equal(await subject.isAlive(one), false)
    same(await subject.handles(), [])
    await subject.end({ at: 0 })
    subject = new Subject(subject.store)
  }
})

add('a user can have many sessions, and they end at once', async (subject) => {
  const logins = await Promise.all(Array.from({ length: 100 }, () => subject.login()))
  equal((await subject.handles()).length, 100)
  same(sorted(await subject.end()), sorted(logins.map(({ handle }) => handle)))
  for (const { id } of logins) equal(await subject.isAlive(id), false)
  same(await subject.handles(), [])
})

async function until(condition: () => boolean): Promise<void> {
  for (let wait = 0; wait < 200 && !condition(); wait++) await new Promise((resolve) => setTimeout(resolve, 10))
  equal(condition(), true)
}

const watching: ByUserCase = {
  title: 'watch tells the handles of ended sessions, and why they ended',
  async run({ store }) {
    const subject = new Subject(store)
    const seen = new Map<string, EndReason>()
    const stop = subject.byUser.watch?.((handles, reason) => {
      for (const handle of handles) seen.set(handle, reason)
    })
    // A store may need a moment until it hears of the first event.
    for (let wait = 0; wait < 100 && seen.size === 0; wait++) {
      const probe = await subject.login()
      await subject.end({ only: probe.handle })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const [ended, out, evicted, kept] = [
      await subject.login(),
      await subject.login(),
      await subject.login({ authenticatedAt: seconds() - 10 }),
      await subject.login()
    ]
    await subject.end({ only: ended.handle })
    await store.remove(out.id)
    await subject.byUser.delist(out.id, subject.user, out.handle)
    await subject.enlist(newId(), newHandle(), { max: 2 })
    await until(() => [ended, out, evicted].every(({ handle }) => seen.has(handle)))
    same(
      [ended, out, evicted, kept].map(({ handle }) => seen.get(handle)),
      ['ended', 'logout', 'evicted', undefined]
    )
    stop?.()
    await subject.end()
    await new Promise((resolve) => setTimeout(resolve, 100))
    equal(seen.has(kept.handle), false, 'nothing more is told')
  }
}

/** The cases that a store with `byUser` must pass. */
export const byUserCases = ({ byUser }: SessionStore): readonly ByUserCase[] =>
  byUser === undefined ? [] : byUser.watch === undefined ? cases : [...cases, watching]
