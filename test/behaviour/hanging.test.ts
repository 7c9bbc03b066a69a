import t, { type Test } from 'tap'
import type { MaybePromise } from '../../lib/base/when.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'
import type { SessionStore } from '../../types/store.ts'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { simulateTime } from '../support/simulated-time.ts'

const SECONDS = 75
const EACH_SECOND = 4
const REQUESTS = SECONDS * EACH_SECOND

/** One request takes about 1 ms. A queue that once doubled with each request blocked the process for a minute. */
const LONGEST_TURN_MS = 100

/** A store that counts the calls of write, replace and touch, and runs them through `how` once that is set. */
class OtherStore extends InMemoryStore {
  calls = 0
  how: (<T>(call: () => MaybePromise<T>) => Promise<T>) | undefined

  #do<T>(call: () => MaybePromise<T>): MaybePromise<T> {
    this.calls++
    return this.how === undefined ? call() : this.how(call)
  }

  override write(...args: Parameters<InMemoryStore['write']>) {
    return this.#do(() => super.write(...args))
  }

  override replace(...args: Parameters<InMemoryStore['replace']>) {
    return this.#do(() => super.replace(...args))
  }

  override touch(...args: Parameters<InMemoryStore['touch']>) {
    return this.#do(() => super.touch(...args))
  }
}

const after = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1_000))
const never = () => new Promise<never>(() => undefined)

/** Four requests a second change one session for 75 seconds, while another client sends requests without a session. */
async function storm(
  t: Test,
  options: StarsessionsOptions,
  change: (session: Session) => unknown,
  prepare: () => void = () => undefined
) {
  const time = simulateTime(t)
  const { app, send } = await testApp(t, { lifetime: 3_600, ...options }, (app) => {
    app.get('/ping', async () => 'pong')
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  const timers = time.armed
  prepare()
  const statuses = new Map<number, number>()
  const count = ({ status }: { status: number }) => statuses.set(status, (statuses.get(status) ?? 0) + 1)
  for (let sent = 0; sent < REQUESTS; sent++) {
    void send(cookie, change).then(count)
    const ping = app.inject('/ping')
    await time.advance(1 / EACH_SECOND)
    t.equal((await ping).statusCode, 200)
  }
  await time.advance(120)
  const answered = [...statuses.values()].reduce((sum, one) => sum + one, 0)
  t.equal(answered, REQUESTS, 'every request was answered')
  t.ok(time.longestTurn < LONGEST_TURN_MS, `the longest turn of the event loop took ${time.longestTurn} ms`)
  t.equal(time.armed, timers, 'no timer is left')
  return [...statuses.keys()]
}

const increment = (session: Session) => void session.n++
const STORES: Record<string, (call: () => Promise<never>) => Promise<never>> = {
  'never answer': never,
  'fail after 1.5 seconds': () => after(1.5).then(() => Promise.reject(new Error('down'))),
  'fail at once': () => Promise.reject(new Error('down')),
  'take two seconds': (call) => after(2).then(call)
}

for (const [what, how] of Object.entries(STORES)) {
  t.test(`no request hangs over a store whose reads work and whose writes ${what}`, async (t) => {
    const store = new OtherStore()
    const statuses = await storm(t, { store }, increment, () => {
      store.how = how as never
      store.calls = 0
    })
    t.ok(store.calls <= 13 * REQUESTS, `${store.calls} calls of the store`)
    if (what !== 'take two seconds') t.same(statuses, [503])
  })
}

t.test('no request hangs over a store without replace whose writes never answer', async (t) => {
  const store = new MapStore()
  const statuses = await storm(t, { store }, increment, () => {
    store.write = never
  })
  t.same(statuses, [503])
})

for (const [what, encrypt] of Object.entries({
  'never answers': never,
  'fails after 1.5 seconds': () => after(1.5).then(() => Promise.reject(new Error('down')))
})) {
  t.test(`no request hangs with an encryptor that ${what}`, async (t) => {
    const encryptor = { encrypt: async (data: Uint8Array) => data, decrypt: (data: Uint8Array) => data }
    const statuses = await storm(t, { encryptor }, increment, () => {
      encryptor.encrypt = encrypt
    })
    t.same(statuses, [503])
  })
}

for (const store of [new InMemoryStore(), new MapStore()] as SessionStore[]) {
  const kind = store instanceof MapStore ? ' over a store without replace' : ''

  t.test(`no request hangs after update() with a function that takes 1.5 seconds and throws${kind}`, async (t) => {
    const change = (session: Session) =>
      session.update(async () => {
        await after(1.5)
        throw Object.assign(new Error('no'), { statusCode: 422 })
      })
    const statuses = await storm(t, { store }, change)
    if (store instanceof InMemoryStore) t.same(statuses, [422])
  })

  t.test(`no request hangs after update() with a function that never answers${kind}`, async (t) => {
    const change = (session: Session) => session.update(never)
    const statuses = await storm(t, { store }, change)
    t.same(statuses, [503])
  })
}

t.test('each update() that was answered with 200 is counted, over a slow store without replace', async (t) => {
  const store = new MapStore()
  const { read, write } = MapStore.prototype
  const { count, time, send } = await counted(t, store)
  store.read = (id) => after(0.6).then(() => read.call(store, id))
  store.write = (...args) => after(0.6).then(() => write.apply(store, args))
  const answers = Array.from({ length: 4 }, () => send((session) => session.update((newest) => void newest.n++)))
  await time.advance(30)
  t.same(
    (await Promise.all(answers)).map(({ status }) => status),
    [200, 200, 200, 200]
  )
  Object.assign(store, { read, write })
  t.equal(await count(), 4)
})

t.test('no session comes back after its logout, over a slow store without replace', async (t) => {
  const store = new MapStore()
  const { read, write, remove } = MapStore.prototype
  const { count, time, send } = await counted(t, store)
  store.read = (id) => after(0.6).then(() => read.call(store, id))
  store.write = (...args) => after(0.6).then(() => write.apply(store, args))
  store.remove = (id) => after(0.6).then(() => remove.call(store, id))
  const updating = send((session) => session.update(async (newest) => void newest.n++))
  await time.advance(1)
  const ending = send((session) => session.destroy())
  const late = send((session) => session.update((newest) => void newest.n++))
  await time.advance(30)
  t.same((await updating).status, 200)
  t.same((await ending).status, 200)
  t.same((await late).status, 409)
  Object.assign(store, { read, write, remove })
  t.equal(await count(), undefined)
})

/** An application in simulated time, with a session that holds a counter `n`. */
async function counted(t: Test, store: SessionStore) {
  const time = simulateTime(t)
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  return {
    time,
    send: (handler: (session: Session) => unknown) => send(cookie, handler),
    count: async () => ((await send(cookie, (session) => session.data())).body as { n?: number }).n
  }
}
