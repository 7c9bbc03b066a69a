import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import session from 'express-session'
import memorystore from 'memorystore'
import fileStore from 'session-file-store'
import t, { type Test } from 'tap'
import { fromExpressStore } from '../../lib/stores/express.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { ExpressSessionStore, ExpressStoreOptions } from '../../types/clients/express-store.ts'
import { testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { storeConformance } from '../support/store-conformance.ts'

const HOUR = 3600
const DATA = Buffer.from('{"a":1}')

type Kept = Record<string, unknown> & { cookie: { maxAge: number } }

/** A store of express-session that does what the test says. It collects what it gets. */
function fake(methods: Partial<ExpressSessionStore> = {}) {
  const sessions = new Map<string, Kept>()
  const store: ExpressSessionStore = {
    get: (sid, callback) => callback(null, sessions.get(sid)),
    set(sid, session, callback) {
      sessions.set(sid, session as Kept)
      callback()
    },
    destroy(sid, callback) {
      sessions.delete(sid)
      callback()
    },
    ...methods
  }
  return { store, sessions }
}

t.test('the MemoryStore of express-session keeps the promises of SessionStore', async (t) => {
  const clock = fakeClock(t)
  const advance = (seconds: number) => clock.advance(seconds)
  const make = async () => ({ store: fromExpressStore(new session.MemoryStore()), advance })
  await storeConformance(t, 'MemoryStore', make)
})

t.test('memorystore keeps the promises of SessionStore', async (t) => {
  const MemoryStore = memorystore(session)
  const clock = fakeClock(t)
  const advance = (seconds: number) => clock.advance(seconds)
  await storeConformance(t, 'memorystore', async () => ({ store: fromExpressStore(new MemoryStore({})), advance }))
})

t.test('session-file-store keeps the promises of SessionStore', async (t) => {
  const FileStore = fileStore(session)
  const clock = fakeClock(t)
  const advance = (seconds: number) => clock.advance(seconds)
  const path = join(t.testdir({ sessions: {} }), 'sessions')
  const store = fromExpressStore(new FileStore({ path, retries: 0, reapInterval: -1, logFn: () => undefined }))
  const breakDown = async () => {
    // A file in the place of the folder. The user root may read any folder, so taking away rights breaks nothing.
    await rename(path, `${path}.away`)
    await writeFile(path, '')
    return async () => {
      await rm(path)
      await rename(`${path}.away`, path)
    }
  }
  await storeConformance(t, 'session-file-store', async () => ({ store, advance, break: breakDown }))
})

t.test('a session of the plugin lives in a store of express-session', async (t) => {
  const { store, sessions } = fake()
  const { send } = await testApp(t, { store: fromExpressStore(store), lifetime: HOUR })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  t.match(JSON.stringify([...sessions.values()]), /"record":"\{.*alice/)
  t.same((await send(cookie, (session) => session.data())).body, { user: 'alice' })
  await send(cookie, (session) => session.destroy())
  t.equal(sessions.size, 0)
  t.same((await send(cookie, (session) => session.data())).body, {})
})

t.test('the id is hashed, unless hashIds is false', async (t) => {
  const keyWith = async (options?: ExpressStoreOptions) => {
    const { store, sessions } = fake()
    await fromExpressStore(store, options).write('an id', DATA, HOUR, HOUR)
    return [...sessions.keys()]
  }
  t.match(await keyWith(), [/^[0-9a-f]{64}$/])
  t.same(await keyWith({ hashIds: false }), ['an id'])
})

t.test('a session with lifetime 0 is kept for gcTtl, and not beyond its ttl', async (t) => {
  const maxAgeWith = async (options: ExpressStoreOptions, ttl = 0) => {
    const { store, sessions } = fake()
    await fromExpressStore(store, options).write('id', DATA, 0, ttl)
    return [...sessions.values()].map(({ cookie }) => cookie.maxAge)
  }
  t.same(await maxAgeWith({}), [86_400_000])
  t.same(await maxAgeWith({ gcTtl: 60 }), [60_000])
  t.same(await maxAgeWith({ gcTtl: 60 }, 5), [5_000])
})

t.test('errors of the store are errors, in each way that a store can fail', async (t) => {
  const broken = new Error('connection refused')
  const ways: Partial<ExpressSessionStore>[] = [
    {
      get: (_, callback) => callback(broken),
      set: (_, __, callback) => callback(broken),
      destroy: (_, callback) => callback(broken)
    },
    {
      get() {
        throw broken
      },
      set() {
        throw broken
      },
      destroy() {
        throw broken
      }
    },
    {
      get: async () => Promise.reject(broken),
      set: async () => Promise.reject(broken),
      destroy: async () => Promise.reject(broken)
    },
    {
      async get(_, callback) {
        callback(broken)
        throw broken
      },
      async set(_, __, callback) {
        callback(broken)
        throw broken
      },
      async destroy(_, callback) {
        callback(broken)
        throw broken
      }
    }
  ]
  for (const methods of ways) {
    const store = fromExpressStore(fake(methods).store)
    for (const call of [
      () => store.read('id', HOUR),
      () => store.write('id', DATA, HOUR, HOUR),
      () => store.remove('id')
    ]) {
      await t.rejects(async () => call(), broken)
    }
  }
})

t.test('an error that says that there is no file means nothing, but not for a write', async (t) => {
  const noFile = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  const store = fromExpressStore(
    fake({
      get: (_, callback) => callback(noFile),
      set: (_, __, callback) => callback(noFile),
      destroy: (_, callback) => callback(noFile)
    }).store
  )
  t.equal(await store.read('id', HOUR), null)
  t.equal(await store.remove('id'), undefined)
  await t.rejects(async () => store.write('id', DATA, HOUR, HOUR), noFile)
})

t.test('stores of one kind may share records, and stores of two kinds do not', async (t) => {
  const [one, other] = [fromExpressStore(new session.MemoryStore()), fromExpressStore(new session.MemoryStore())]
  t.equal(one.sharesRecordsWith?.(other), true, 'nothing tells')
  t.equal(one.sharesRecordsWith?.(new Proxy(other, {})), true)
  t.equal(one.sharesRecordsWith?.(fromExpressStore(fake().store)), false)
  t.equal(one.sharesRecordsWith?.(new InMemoryStore()), false)
})

t.test('anything but a store of express-session is refused, and the message names the remedy', async (t) => {
  const refused: [unknown, RegExp][] = [
    [undefined, /must have get\(\), set\(\) and destroy\(\)/],
    [{}, /must have get\(\), set\(\) and destroy\(\)/],
    [{ get() {}, set() {} }, /must have get\(\), set\(\) and destroy\(\)/],
    [session.MemoryStore, /is a class or a function: pass what `new` makes of it/],
    [new InMemoryStore(), /is a store of this library already: pass it to the plugin as "store"/],
    [Promise.resolve(fake().store), /is a promise: await it/]
  ]
  for (const [store, message] of refused) {
    t.throws(() => fromExpressStore(store as ExpressSessionStore), { code: 'FST_SESSION_OPTIONS', message })
  }
})

t.test('wrong options are refused, and the message names them', async (t) => {
  const refused = (options: unknown, message: RegExp) => {
    const make = (t: Test) => t.throws(() => fromExpressStore(fake().store, options as object), { message })
    make(t)
  }
  refused({ gcTtl: 0 }, /^fromExpressStore: gcTtl must be a positive integer$/)
  refused({ hashIds: 'no' }, /^fromExpressStore: hashIds must be true or false$/)
  refused({ hashId: true }, /^fromExpressStore: unknown option "hashId": did you mean "hashIds"/)
  refused({ ttl: 60 }, /^fromExpressStore: unknown option "ttl": how long a session lasts/)
  refused(null, /^fromExpressStore: the options must be an object/)
})
