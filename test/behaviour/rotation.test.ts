import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { PassThrough, Readable, Stream } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { fingerprint } from '../../lib/diagnostics.ts'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'
import { steadyClock } from '../support/steady-clock.ts'
import { waitUntil } from '../support/wait-until.ts'

/** PassThrough of readable-stream 3, which @fastify/websocket installs through duplexify. */
const { PassThrough: OldPassThrough } = ['@fastify/websocket', 'duplexify', 'readable-stream'].reduce<unknown>(
  (from, name, index) => {
    const require = createRequire(from as string)
    return index < 2 ? require.resolve(name) : require(name)
  },
  import.meta.url
) as { PassThrough: typeof PassThrough }

const data: Handler = (session) => session.data()
const rotate: Handler = (session) => session.regenerateId()
const logout: Handler = (session) => session.destroy()

interface Owner {
  teardown(fn: () => unknown): void
}

/** An application with a session of Alice, in a store that counts its calls. */
async function login(t: Owner, options: StarsessionsOptions = {}, prepare?: (app: FastifyInstance) => unknown) {
  const store = new InMemoryStore()
  let calls = 0
  const counted = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      calls++
      return value.bind(target)
    }
  }) as SessionStore
  const { app, send, problems } = await testApp(t, { store: counted, ...options }, prepare)
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const callsFor = async (work: () => Promise<unknown>) => {
    calls = 0
    await work()
    return calls
  }
  return { store, app, send, problems, cookie, callsFor }
}

/** Wraps handlers. Each handler waits until `count` of them have loaded their session. */
function together(count: number): (handler: Handler) => Handler {
  let loaded = 0
  let release: () => void = () => undefined
  const all = new Promise<void>((resolve) => (release = resolve))
  return (handler) => async (session, request) => {
    if (++loaded === count) release()
    await all
    return handler(session, request)
  }
}

t.test('if many requests rotate one session at once, 16 succeed, and none makes many store calls', async (t) => {
  const calls: number[] = []
  for (const count of [50, 200]) {
    const { store, send, cookie, callsFor } = await login(t)
    const at = together(count)
    const answers: number[] = []
    const perRotation = await callsFor(async () => {
      const rotations = await Promise.all(Array.from({ length: count }, () => send(cookie, at(rotate))))
      answers.push(...rotations.map(({ status }) => status))
      for (const { status, lines, body } of rotations) {
        t.equal(lines.length, status === 200 ? 1 : 0)
        if (status !== 200) t.match(body, { statusCode: 409, code: 'FST_SESSION_GONE' })
      }
    })
    calls.push(perRotation / count)
    t.equal(answers.filter((status) => status === 200).length, 16)
    t.equal(answers.filter((status) => status === 409).length, count - 16)
    t.equal(store.size, 17, 'the new records of the refused rotations are removed')
    const out = await send(cookie, logout)
    t.equal(out.status, 200)
    t.equal(store.size, 0, 'a logout ends all 16')
  }
  const [few = 0, many = 0] = calls
  t.ok(many < 1.5 * few, `${few} calls for each of 50, ${many} for each of 200`)
  t.ok(many < 8)
})

t.test('even if there are many logouts with the old id, none makes many store calls', async (t) => {
  const calls: number[] = []
  for (const count of [50, 200]) {
    const { store, send, cookie, callsFor } = await login(t)
    const at = together(20)
    await Promise.all(Array.from({ length: 20 }, () => send(cookie, at(rotate))))
    const out = together(count)
    const perLogout = await callsFor(async () => {
      const logouts = await Promise.all(Array.from({ length: count }, () => send(cookie, out(logout))))
      t.same(new Set(logouts.map(({ status }) => status)), new Set([200]))
    })
    calls.push(perLogout / count)
    t.equal(store.size, 0)
  }
  const [few = 0, many = 0] = calls
  t.ok(many < 1.5 * few, `${few} calls for each of 50, ${many} for each of 200`)
  t.ok(many < 50)
})

const KEY = 'k'.repeat(32)
const other = new AESGCMEncryptor(Buffer.from('o'.repeat(32)))
/**
 * Each reason why a process cannot use a record, with the options or the change of the record that lead to the reason.
 */
const UNUSABLE: Record<string, { options?: StarsessionsOptions; spoil?: (record: string) => string | Uint8Array }> = {
  undecryptable: { options: { encryptor: other } },
  expired: { options: { lifetime: 60 }, spoil: (record) => record.replace(/"created":[\d.]+/, '"created":1') },
  unparsable: { spoil: (record) => record.slice(0, -1) },
  'not-an-object': { spoil: () => '[1]' },
  'too-deep': { spoil: (record) => record.replace('"alice"', '['.repeat(101) + ']'.repeat(101)) },
  'bad-metadata': { spoil: (record) => record.replace(/"created":[\d.]+/, '"created":"x"') }
}

for (const [reason, { options = {}, spoil }] of Object.entries(UNUSABLE)) {
  t.test(`a logout ends a record that is ${reason}`, async (t) => {
    for (const store of [new InMemoryStore(), new MapStore()]) {
      const encryptor = reason === 'undecryptable' ? { encryptor: new AESGCMEncryptor(Buffer.from(KEY)) } : {}
      const there = await testApp(t, { store, ...encryptor })
      const here = await testApp(t, { store, ...options })
      const { cookie } = await there.send(undefined, (session) => void (session.user = 'alice'))
      const id = cookieValue(cookie)
      if (spoil !== undefined) {
        const record = Buffer.from((await store.read(id, 0)) ?? '').toString()
        await store.write(id, Buffer.from(spoil(record)), 0, 0)
      }
      const { status, lines } = await here.send(cookie, logout)
      t.equal(status, 200)
      t.match(lines, [/^session=; Expires/])
      t.match(here.problems(), [{ reason }])
      t.equal(await store.read(id, 0), null)
    }
  })
}

t.test('a logout also ends a record that turns out to be unusable in reload()', async (t) => {
  const { store, send, cookie } = await login(t)
  await send(cookie, async (session) => {
    await store.write(cookieValue(cookie), Buffer.from('{'), 0, 0)
    await session.reload()
    t.equal(session.isNew, true)
    await session.reload()
    await session.destroy()
  })
  t.equal(store.size, 0)
})

t.test('a logout is answered with 409 if the session is gone and was loaded more than a minute ago', async (t) => {
  const clock = steadyClock(t)
  const store = new InMemoryStore()
  const { send } = await testApp(t, { store })
  for (const [seconds, status] of [
    [50, 200],
    [90, 409]
  ] as const) {
    const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
    let next: string | undefined
    const late = await send(cookie, async (session) => {
      next = (await send(cookie, rotate)).cookie
      // As if the tombstone had expired.
      await store.remove(cookieValue(cookie))
      clock.advance(seconds)
      await session.destroy()
    })
    t.equal(late.status, status, `${seconds} s`)
    if (status === 200) continue
    t.match(late.body, { code: 'FST_SESSION_GONE' })
    t.same(late.lines, [], 'the browser may have the newer cookie')
    t.same((await send(next, data)).body, { user: 'alice' })
  }
})

t.test('after save(), update() or reload(), a late logout is not answered with 409', async (t) => {
  const clock = steadyClock(t)
  const store = new InMemoryStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const refresh: Handler[] = [
    (session) => session.reload(),
    (session) => session.update((newest) => void (newest.n = 1)),
    (session) => {
      session.m = 1
      return session.save()
    }
  ]
  for (const again of refresh) {
    const kept = await store.read(cookieValue(cookie), 0)
    const { status } = await send(cookie, async (session, request) => {
      clock.advance(90)
      await again(session, request)
      await store.remove(cookieValue(cookie))
      await session.destroy()
    })
    t.equal(status, 200)
    await store.write(cookieValue(cookie), kept!, 0, 0)
  }
})

t.test('clocks that differ by 61 or 90 seconds log nobody out', async (t) => {
  for (const options of [{}, { lifetime: 600 }, { lifetime: 600, rolling: true }] as StarsessionsOptions[]) {
    for (const seconds of [61, 90]) {
      const clock = fakeClock(t, 1_700_000_000 + seconds)
      const { store, send, cookie, problems } = await login(t, options)
      clock.advance(-seconds)
      const seen = await send(cookie, (session) => ({ ...session.metadata, left: session.remainingSeconds ?? 600 }))
      t.match(seen.body, { created: 1_700_000_000, lastAccess: 1_700_000_000, left: 600 })
      t.same((await send(cookie, data)).body, { user: 'alice' })
      await send(cookie, (session) => void (session.n = 1))
      t.same((await send(cookie, data)).body, { user: 'alice', n: 1 })
      const { cookie: next } = await send(cookie, rotate)
      t.same((await send(next, data)).body, { user: 'alice', n: 1 })
      t.same(problems(), [])
      t.equal((await send(cookie, logout)).status, 200)
      t.equal(store.size, 0)
    }
  }
})

t.test('a logout ends a rotated session although the clocks of the two processes differ', async (t) => {
  const clock = fakeClock(t)
  const store = new MapStore()
  // Records never expire in this store, because its clock must not depend on the fake clock.
  const replace: NonNullable<SessionStore['replace']> = async (id, expected, bytes) => {
    const entry = store.entries.get(id)
    const current = entry?.data ?? null
    if (current === null || expected === null || Buffer.compare(current, expected) !== 0) {
      return { replaced: false, current }
    }
    if (bytes === null) store.entries.delete(id)
    else store.entries.set(id, { data: bytes, expires: Number.POSITIVE_INFINITY })
    return { replaced: true }
  }
  const { send } = await testApp(t, { store: Object.assign(store, { replace }) })
  for (const step of [61, -61]) {
    const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
    clock.advance(step)
    const { cookie: next } = await send(cookie, rotate)
    clock.advance(-2 * step)
    t.equal((await send(cookie, logout)).status, 200)
    clock.advance(2 * step)
    t.same((await send(next, data)).body, {})
  }
})

t.test('reading a tombstone does not prolong its life of one minute', async (t) => {
  for (const options of [{}, { lifetime: 600, rolling: true }, { lifetime: 600 }] as StarsessionsOptions[]) {
    const clock = fakeClock(t)
    const { store, send, cookie } = await login(t, options)
    const id = cookieValue(cookie)
    await send(cookie, rotate)
    for (let seconds = 0; seconds < 50; seconds += 10) {
      clock.advance(10)
      await send(cookie, data)
    }
    clock.advance(9.9)
    t.not(await store.read(id, 600), null)
    clock.advance(0.2)
    t.equal(await store.read(id, 600), null)
  }
})

t.test('touching a tombstone does not prolong its life of one minute', async (t) => {
  const clock = fakeClock(t)
  const inner = new InMemoryStore()
  const store: SessionStore = {
    read: (id, lifetime) => inner.read(id, lifetime),
    write: inner.write.bind(inner),
    remove: inner.remove.bind(inner),
    replace: inner.replace.bind(inner),
    touch: inner.touch.bind(inner)
  }
  const { send } = await testApp(t, { store, lifetime: 600, rolling: true })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const late = await send(cookie, () => send(cookie, rotate).then(() => undefined))
  t.same(late.lines, [])
  clock.advance(60.1)
  t.equal(await inner.read(cookieValue(cookie), 600), null)
})

t.test('a process whose clock is a minute ahead does not shorten the life of a tombstone', async (t) => {
  const clock = fakeClock(t)
  const { store, send, cookie } = await login(t)
  const given: number[] = []
  await send(cookie, rotate)
  store.read = async (id, lifetime) => {
    clock.advance(-70)
    const found = await InMemoryStore.prototype.read.call(store, id, lifetime)
    clock.advance(70)
    return found
  }
  const { replace } = store
  store.replace = (...args) => {
    given.push(args[4])
    clock.advance(-70)
    const replaced = replace.apply(store, args)
    clock.advance(70)
    return replaced
  }
  clock.advance(70)
  await send(cookie, data)
  t.same(given, [60])
})

/** A session that was just rotated by a login. `cookie` has the old id, as in a page requested during the login. */
async function besideLogin(
  t: Owner,
  ...how: [options?: StarsessionsOptions, prepare?: (app: FastifyInstance) => unknown]
) {
  const clock = fakeClock(t)
  const setUp = await login(t, ...how)
  const { cookie: newer } = await setUp.send(setUp.cookie, async (session) => {
    await session.regenerateId()
    session.role = 'admin'
  })
  return { ...setUp, clock, newer }
}

t.test('a page requested during a login does not undo the login: it stores nothing and sends no cookie', async (t) => {
  const events: unknown[] = []
  const listener = (message: unknown) => void events.push(message)
  subscribe('starsessions:refused', listener)
  t.teardown(() => unsubscribe('starsessions:refused', listener))
  for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }] as StarsessionsOptions[]) {
    const { store, send, cookie, newer, problems } = await besideLogin(t, options)
    const { size } = store
    const page = await send(cookie, (session) => {
      t.match(session, { isNew: true, isEmpty: true, id: /^[\w-]{43}$/ })
      t.not(session.id, cookieValue(cookie))
      t.not(session.id, cookieValue(newer))
      session.csrf ??= 'x'
      return session.data()
    })
    t.equal(page.status, 200)
    t.same(page.body, { csrf: 'x' })
    t.same(page.lines, [])
    t.equal(page.headers.vary, 'Cookie')
    t.equal(store.size, size)
    t.match(problems(), [{ level: 40, reason: 'rotated-away', msg: /the old one.*call session\.regenerateId\(\)/ }])
    t.same(events.splice(0), [{ fingerprint: fingerprint(cookieValue(cookie)), reason: 'rotated-away' }])
    const read = await send(cookie, data)
    t.same([read.body, read.lines], [{}, []])
    await send(cookie, (session) => void (session.flash = {}))
    t.equal(problems().length, 1, 'without changes nothing is logged')
    t.same(events, [])
    t.same((await send(newer, data)).body, { user: 'alice', role: 'admin' })
  }
})

t.test('in a page requested during a login, save() and update() reject, and the response has status 409', async (t) => {
  const { send, cookie, problems } = await besideLogin(t)
  const GONE = { code: 'FST_SESSION_GONE' }
  let runs = 0
  const asks: Handler[] = [
    (session) => {
      session.n = 1
      return session.save()
    },
    (session) => session.update(() => void runs++)
  ]
  for (const ask of asks) {
    const refused = await send(cookie, ask)
    t.equal(refused.status, 409)
    t.match(refused.body, GONE)
    t.same(refused.lines, [])
    const caught = await send(cookie, async (session, request) => {
      await t.rejects(ask(session, request) as Promise<void>, GONE)
    })
    t.equal(caught.status, 200)
    t.same(caught.lines, [])
    t.equal(problems().length, 2, 'one log line for each response with unstored changes, none for update()')
  }
  t.equal(runs, 0)
  t.equal((await send(cookie, (session) => session.save())).status, 200, 'save() without changes succeeds')
})

t.test('in a page requested during a login, regenerateId() and regenerate() begin a new session', async (t) => {
  const { send, cookie, newer } = await besideLogin(t)
  for (const begin of [rotate, ((session) => session.regenerate(['n'])) as Handler]) {
    const second = await send(cookie, async (session, request) => {
      session.n = 1
      await begin(session, request)
      await session.save()
      await session.update((newest) => void newest.n++)
    })
    t.equal(second.status, 200)
    t.equal(second.lines.length, 1)
    t.same((await send(second.cookie, data)).body, { n: 2 })
    t.same((await send(newer, data)).body, { user: 'alice', role: 'admin' })
  }
})

t.test('in a page requested during a login, reload() undoes regenerateId()', async (t) => {
  const { send, cookie } = await besideLogin(t)
  const { lines } = await send(cookie, async (session) => {
    await session.regenerateId()
    await session.reload()
    session.n = 1
  })
  t.same(lines, [])
})

t.test('a logout with the old id ends the rotated session, and later data begin a new session', async (t) => {
  const { store, send, cookie } = await besideLogin(t)
  const out = await send(cookie, async (session) => {
    await session.destroy()
    session.flash = 'bye'
  })
  t.equal(store.size, 1)
  t.same((await send(out.cookie, data)).body, { flash: 'bye' })
})

t.test('if a browser sends the old id 10 seconds after a login, it can begin a new session', async (t) => {
  for (const [seconds, begins] of [
    [9.9, false],
    [10, true]
  ] as const) {
    const { send, cookie, clock, newer, problems } = await besideLogin(t)
    clock.advance(seconds)
    const page = await send(cookie, (session) => void (session.csrf = 'x'))
    t.equal(page.lines.length, begins ? 1 : 0)
    t.equal(problems().length, begins ? 0 : 1)
    if (begins) t.same((await send(page.cookie, data)).body, { csrf: 'x' })
    t.equal((await send(cookie, logout)).status, 200)
    t.same((await send(newer, data)).body, {}, 'a logout with the old id still ends the session')
  }
})

t.test('a save() without await does not hide the log line of a page requested during a login', async (t) => {
  const { send, cookie, problems } = await besideLogin(t)
  const page = await send(cookie, (session) => {
    session.n = 1
    session.save().catch(() => undefined)
  })
  t.equal(page.status, 200)
  t.same(page.lines, [])
  t.equal(problems().length, 1)
})

t.test('a stream or a hijacked reply during a login writes one log line', async (t) => {
  for (const hijacked of [false, true]) {
    const { app, cookie, problems } = await besideLogin(t, {}, (app) => {
      app.get('/page', async (request, reply) => {
        const session = await request.loadSession()
        session.csrf = 'x'
        if (!hijacked) return Readable.from(['o', 'k'])
        reply.hijack()
        reply.raw.end('ok')
        return reply
      })
    })
    const page = await app.inject({ url: '/page', headers: { cookie: String(cookie) } })
    t.equal(page.body, 'ok')
    t.equal(page.headers['set-cookie'], undefined)
    await waitUntil('something is logged', () => problems().length > 0)
    t.match(problems(), [{ level: hijacked ? 50 : 40 }])
    t.equal(problems().length, 1)
  }
})

/**
 * The store call that ends the old id fails, before or after the store has done the work. The next read works or fails.
 */
const LOST = [
  { isDone: true, readWorks: true },
  { isDone: true, readWorks: false },
  { isDone: false, readWorks: true },
  { isDone: false, readWorks: false }
]
const ASKS: Record<string, { ask: Handler; isCaught?: boolean }> = {
  'the response': { ask: rotate },
  'save()': {
    ask: async (session) => {
      await session.regenerateId()
      await session.save()
    }
  },
  'save() with its error caught': {
    isCaught: true,
    ask: async (session) => {
      await session.regenerateId()
      await session.save()
    }
  },
  'update()': { ask: (session) => session.update((newest) => newest.regenerateId()) },
  'update() with its error caught': {
    isCaught: true,
    ask: (session) => session.update((newest) => newest.regenerateId())
  }
}

for (const [what, { ask, isCaught = false }] of Object.entries(ASKS)) {
  t.test(`nobody is logged out if the store fails in a rotation by ${what}`, async (t) => {
    for (const { isDone, readWorks } of LOST) {
      // If the store has only three methods, update() does not end the old id in a call of its own.
      for (const store of what.startsWith('update') ? [new InMemoryStore()] : [new InMemoryStore(), new MapStore()]) {
        const { send } = await testApp(t, { store })
        const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
        const old = cookieValue(cookie)
        const { read } = store
        const end = store instanceof MapStore ? 'remove' : 'replace'
        const original = Reflect.get(store, end) as (...args: unknown[]) => Promise<unknown>
        const lose = async (...args: unknown[]) => {
          Object.assign(store, { [end]: original })
          if (isDone) await original.apply(store, args)
          if (!readWorks) {
            store.read = async () => {
              throw new Error('still down')
            }
          }
          throw new Error('connection lost')
        }
        let isLost = false
        const failing = await send(cookie, async (session, request) => {
          session.role = 'admin'
          Object.assign(store, { [end]: lose })
          await Promise.resolve(ask(session, request)).catch((error) => {
            isLost = true
            if (!isCaught) throw error
            t.equal(error.code, 'FST_SESSION_STORE')
            store.read = read
          })
          return {}
        })
        store.read = read
        const how = `${store.constructor.name}, ${isDone ? 'done' : 'not done'}, the next read ${readWorks ? 'works' : 'fails'}`
        t.equal(failing.status, (isDone && readWorks) || (isCaught && isLost) ? 200 : 503, how)
        t.same((await send(failing.cookie, data)).body, { user: 'alice', role: 'admin' }, how)
        // Changes outside of a failed update() are stored with the response, under the old id, which still lives.
        const isUndone = what === 'update() with its error caught' && !isDone
        t.equal(failing.lines.length, isUndone ? 0 : 1, how)
        t.equal(cookieValue(failing.cookie) === old, isUndone)
        if (!isUndone) t.equal(failing.headers['cache-control'], 'no-store')
        if (isDone) t.same((await send(cookie, data)).body, {}, how)
        if (store instanceof MapStore) continue
        await send(failing.cookie, logout)
        t.same((await send(failing.cookie, data)).body, {})
      }
    }
  })
}

/** The next replace(), which would write the tombstone, fails without having written. */
function loseNextTombstone(store: InMemoryStore): void {
  const { replace } = store
  store.replace = async () => {
    store.replace = replace
    throw new Error('connection lost')
  }
}

t.test('a hijacked reply has the cookie with the new id although the store failed in the rotation', async (t) => {
  const { app, store, cookie, send } = await login(t, {}, (app) => {
    app.get('/raw', async (request, reply) => {
      const session = await request.loadSession()
      await session.regenerateId()
      loseNextTombstone(store)
      await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
      reply.hijack()
      reply.raw.end('raw')
      return reply
    })
  })
  const { headers } = await app.inject({ url: '/raw', headers: { cookie: String(cookie) } })
  const [line] = [headers['set-cookie']].flat()
  t.same((await send(line?.split(';')[0], data)).body, { user: 'alice' })
})

t.test('reload() keeps a rotation in which the store failed', async (t) => {
  for (const ends of [false, true]) {
    const { store, cookie, send } = await login(t)
    const { lines, cookie: next } = await send(cookie, async (session) => {
      await session.regenerateId()
      loseNextTombstone(store)
      await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
      await session.reload()
      if (ends) await session.destroy()
    })
    if (!ends) t.same((await send(next, data)).body, { user: 'alice' })
    else t.match(lines, [/^session=; Expires/])
    t.equal(store.size, ends ? 0 : 2)
  }
})

t.test('a session that is cleared after a lost rotation ends, even if its removal fails at first', async (t) => {
  const { store, cookie, send } = await login(t)
  const { replace, read } = store
  const { status, lines } = await send(cookie, async (session) => {
    await session.regenerateId()
    store.replace = async (...args) => {
      Object.assign(store, { replace })
      await replace.apply(store, args)
      store.read = async () => {
        store.read = read
        throw new Error('still down')
      }
      throw new Error('connection lost')
    }
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
    session.clear()
    store.replace = async (...args) => {
      loseNextTombstone(Object.assign(store, { replace }))
      return replace.apply(store, args)
    }
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
  })
  t.equal(status, 200)
  t.match(lines, [/^session=; Expires/])
  t.equal(store.size, 1, 'only the tombstone is left')
})

/** Payloads that send their first chunk late. */
const STREAMS: Record<string, (first: Promise<unknown>) => unknown> = {
  'a generator': (first) =>
    Readable.from(
      (async function* () {
        await first
        yield 'late'
      })()
    ),
  'a stream that somebody writes to': (first) => {
    const stream = new PassThrough()
    first.then(() => stream.end('late'))
    return stream
  },
  'a stream of readable-stream 3': (first) => {
    const stream = new OldPassThrough()
    first.then(() => stream.end('late'))
    return stream
  },
  'a legacy stream': (first) => {
    const stream = Object.assign(new Stream(), { readable: true })
    first.then(() => {
      stream.emit('data', 'late')
      stream.emit('end')
    })
    return stream
  },
  'a web stream': (first) => webStream(first),
  'a Response': (first) => new Response(webStream(first), { headers: { 'x-own': '1' } })
}

function webStream(first: Promise<unknown>): ReadableStream {
  return new ReadableStream({
    async start(controller) {
      await first
      controller.enqueue(new TextEncoder().encode('late'))
      controller.close()
    }
  })
}

for (const [what, open] of Object.entries(STREAMS)) {
  t.test(`${what} that begins late does not replace a newer cookie with an old one`, async (t) => {
    const kinds: { options: StarsessionsOptions; change?: Handler }[] = [
      { options: { lifetime: 60, rolling: true } },
      { options: { lifetime: 60, rolling: true }, change: (session) => void (session.n = 1) },
      { options: { lifetime: 60 }, change: (session) => session.options({ maxAge: 30 }) }
    ]
    for (const { options, change } of kinds) {
      for (const rotates of [true, false]) {
        let begin: () => void = () => undefined
        const first = new Promise<void>((resolve) => (begin = resolve))
        const { app, send, cookie } = await login(t, options, (app) => {
          app.get('/stream', async (request, reply) => {
            await change?.(await request.loadSession(), request)
            await request.loadSession()
            return reply.send(open(first))
          })
        })
        const late = app.inject({ url: '/stream', headers: { cookie: String(cookie) } })
        await new Promise((resolve) => setTimeout(resolve, 20))
        const next = rotates ? (await send(cookie, rotate)).cookie : cookie
        begin()
        const { statusCode, body, headers } = await late
        t.same({ statusCode, body }, { statusCode: 200, body: 'late' })
        if (what === 'a Response') t.equal(headers['x-own'], '1')
        const sendsCookie = !rotates && what !== 'a legacy stream'
        t.match(headers['set-cookie'], sendsCookie ? /^session=[\w-]{43}; Max-Age=/ : undefined)
        t.match((await send(next, data)).body, { user: 'alice' })
        if (change !== undefined && options.rolling)
          t.match((await send(next, data)).body, { n: 1 }, 'the change was stored before the stream began')
      }
    }
  })
}

t.test('a rolling session stores a change that a stream makes when its first chunk is fetched', async (t) => {
  const { app, cookie, send } = await login(t, { rolling: true, lifetime: 60 }, (app) => {
    app.get('/stream', async (request, reply) => {
      const session = await request.loadSession()
      const chunks = async function* () {
        session.views = 1
        yield 'a page'
      }
      return reply.send(Readable.from(chunks()))
    })
  })
  await app.inject({ url: '/stream', headers: { cookie: String(cookie) } })
  t.same((await send(cookie, data)).body, { user: 'alice', views: 1 })
})

t.test('a stream that fails before its first chunk is answered with 500 and its error', async (t) => {
  const { app, cookie } = await login(t, { lifetime: 60, rolling: true }, (app) => {
    app.get('/stream', async (request, reply) => {
      await request.loadSession()
      const stream = new PassThrough()
      setImmediate(() => stream.destroy(new Error('the disk is full')))
      return reply.send(stream)
    })
  })
  const { statusCode, body } = await app.inject({ url: '/stream', headers: { cookie: String(cookie) } })
  t.equal(statusCode, 500)
  t.match(body, /the disk is full/)
})

t.test('if the store is down when a stream begins, the response goes out without a cookie', async (t) => {
  let begin: () => void = () => undefined
  const { app, store, cookie } = await login(t, { lifetime: 60, rolling: true }, (app) => {
    app.get('/stream', async (request, reply) => {
      await request.loadSession()
      const stream = new PassThrough()
      begin = () => stream.end('late')
      return reply.send(stream)
    })
  })
  const late = app.inject({ url: '/stream', headers: { cookie: String(cookie) } })
  await new Promise((resolve) => setTimeout(resolve, 20))
  store.read = async () => {
    throw new Error('down')
  }
  begin()
  const { statusCode, body, headers } = await late
  t.same([statusCode, body, headers['set-cookie']], [200, 'late', undefined])
})

t.test('the plugin does not wait for a stream if the cookie cannot change, or for a HEAD request', async (t) => {
  for (const { options, method, change } of [
    { options: { lifetime: 60 }, method: 'GET', change: () => undefined },
    { options: { lifetime: 60, rolling: true }, method: 'HEAD', change: () => undefined },
    { options: { lifetime: 60, rolling: true }, method: 'GET', change: rotate }
  ] as const) {
    const stream = new PassThrough()
    const { app, cookie } = await login(t, options, (app) => {
      // The stream ends only after the plugin's own hook. A plugin that waited for the stream would hang.
      const onSend = async () => void stream.end('late')
      app.get('/stream', { onSend }, async (request, reply) => {
        await change(await request.loadSession(), request)
        return reply.send(stream)
      })
    })
    const { statusCode } = await app.inject({ method, url: '/stream', headers: { cookie: String(cookie) } })
    t.equal(statusCode, 200)
  }
})

for (const isSent of [true, false]) {
  t.test(`a stream is destroyed if the client goes away before it ${isSent ? 'begins' : 'is sent'}`, async (t) => {
    const { app, cookie } = await login(t, { lifetime: 60, rolling: true }, (app) => {
      app.get('/stream', async (request, reply) => {
        await request.loadSession()
        stream = new PassThrough()
        if (!isSent) await once(reply.raw, 'close')
        return reply.send(stream)
      })
    })
    let stream: PassThrough | undefined
    const origin = await app.listen({ port: 0 })
    const request = get(`${origin}/stream`, { headers: { cookie: String(cookie) } })
    request.on('error', () => undefined)
    while (stream === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    request.destroy()
    await once(stream, 'close')
    t.equal(stream.destroyed, true, 'the stream is destroyed, as Fastify itself does')
  })
}
