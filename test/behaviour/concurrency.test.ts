import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const data: Handler = (session) => session.data()

/** Two applications over one store. For the library they are like two processes. */
async function twoOver(t: { teardown(fn: () => unknown): void }, store: SessionStore, options = {}, other = store) {
  const here = await testApp(t, { store, ...options })
  const there = await testApp(t, { store: other, ...options })
  const { cookie } = await here.send(undefined, (session) => {
    session.user = 'alice'
    session.n = 0
  })
  return { here: here.send, there: there.send, cookie, log: here.log }
}

t.test('two requests that change different keys both keep their changes', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  const slow = await here(cookie, async (session) => {
    session.a = 1
    await there(cookie, (other) => void (other.b = 1))
  })
  t.equal(slow.status, 200)
  t.same(slow.lines, [])
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, a: 1, b: 1 })
})

t.test('if two requests change the same key, the later commit wins, or is refused with "reject"', async (t) => {
  const store = new InMemoryStore()
  const merging = await twoOver(t, store)
  await merging.here(merging.cookie, async (session) => {
    session.n = 1
    await merging.there(merging.cookie, (other) => void (other.n = 2))
  })
  t.match((await merging.here(merging.cookie, data)).body, { n: 1 })
  const rejecting = await twoOver(t, store, { concurrency: 'reject' })
  const refused = await rejecting.here(rejecting.cookie, async (session) => {
    session.n = 1
    session.other = 1
    await rejecting.there(rejecting.cookie, (other) => void (other.n = 2))
  })
  t.equal(refused.status, 409)
  t.match(refused.body, { code: 'FST_SESSION_CONFLICT' })
  t.same(
    (await rejecting.here(rejecting.cookie, data)).body,
    { user: 'alice', n: 2 },
    'no change of the refused request is written'
  )
})

t.test('a rotation that is refused removes its new record again', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store, { concurrency: 'reject' })
  const refused = await here(cookie, async (session) => {
    await session.regenerateId()
    session.n = 1
    await there(cookie, (other) => void (other.n = 2))
  })
  t.equal(refused.status, 409)
  t.equal(store.size, 1)
})

t.test('after save() the session has the changes of other requests as well', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  await here(cookie, async (session) => {
    session.cart = { items: [1] }
    const { cart } = session
    await there(cookie, (other) => {
      other.b = 1
      delete other.n
    })
    await session.save()
    t.same(session.data(), { user: 'alice', cart: { items: [1] }, b: 1 })
    t.equal(session.cart, cart, 'an unchanged value stays the same object')
    t.equal(session.isModified, false)
    cart.items.push(2)
  })
  t.same((await here(cookie, data)).body, { user: 'alice', cart: { items: [1, 2] }, b: 1 })
})

t.test('a change of a session that has ended is answered with 409, and the session stays gone', async (t) => {
  const changes: Handler[] = [
    (session) => void (session.a = 1),
    (session) => session.regenerateId(),
    (session) => session.regenerate(['user']),
    (session) => session.clear(),
    (session) => session.options({ maxAge: null }),
    (session) => session.update((newest) => void (newest.a = 1))
  ]
  for (const change of changes) {
    const store = new InMemoryStore()
    const { here, there, cookie } = await twoOver(t, store, { lifetime: 60 })
    const late = await here(cookie, async (session, request) => {
      await there(cookie, (other) => other.destroy())
      await change(session, request)
    })
    t.equal(late.status, 409)
    t.match(late.body, { code: 'FST_SESSION_GONE' })
    t.same(late.lines, [])
    t.equal(store.size, 0)
  }
})

t.test('a request that only reads does not bring back an ended session, rolling or not', async (t) => {
  for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]) {
    for (const keep of [['touch', 'replace'], ['replace'], ['touch']] as const) {
      const inner = new InMemoryStore()
      const store: SessionStore = {
        read: (id, lifetime) => inner.read(id, lifetime),
        write: inner.write.bind(inner),
        remove: inner.remove.bind(inner),
        ...(keep.includes('touch' as never) && { touch: inner.touch.bind(inner) }),
        ...(keep.includes('replace' as never) && { replace: inner.replace.bind(inner) })
      }
      const { here, there, cookie } = await twoOver(t, store, options)
      const late = await here(cookie, () => there(cookie, (other) => other.destroy()).then(() => undefined))
      t.equal(late.status, 200)
      t.same(late.lines, [])
      t.equal(inner.size, 0)
    }
  }
})

t.test('clear() also deletes keys that other requests added meanwhile; deleting each key does not', async (t) => {
  const store = new InMemoryStore()
  const cleared = await twoOver(t, store)
  const answer = await cleared.here(cleared.cookie, async (session) => {
    session.clear()
    await cleared.there(cleared.cookie, (other) => void (other.late = 1))
  })
  t.match(answer.lines, [/^session=; Expires/])
  t.equal(store.size, 0)
  const deleted = await twoOver(t, store)
  await deleted.here(deleted.cookie, async (session) => {
    delete session.user
    delete session.n
    await deleted.there(deleted.cookie, (other) => void (other.late = 1))
  })
  t.same((await deleted.here(deleted.cookie, data)).body, { late: 1 })
  const refilled = await twoOver(t, store)
  await refilled.here(refilled.cookie, async (session) => {
    session.clear()
    session.mine = 1
    await refilled.there(refilled.cookie, (other) => void (other.late = 1))
  })
  t.same(
    (await refilled.here(refilled.cookie, data)).body,
    { mine: 1 },
    'only data that were set after clear() are left'
  )
})

t.test('regenerate(keep) takes over only the listed keys, also from changes of other requests', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  const next = await here(cookie, async (session) => {
    await session.regenerate(['n', 'late'])
    session.role = 'admin'
    await there(cookie, (other) => {
      other.n = 5
      other.late = 1
      other.attacker = 1
    })
  })
  t.same((await here(next.cookie, data)).body, { role: 'admin', n: 5, late: 1 })
  t.same((await here(cookie, data)).body, {})
})

t.test('a rotation leaves a tombstone, and the old id can neither read nor write the session', async (t) => {
  fakeClock(t)
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  let next: string | undefined
  const late = await here(cookie, async (session) => {
    session.attack = 1
    next = (
      await there(cookie, async (other) => {
        await other.regenerateId()
        other.role = 'admin'
      })
    ).cookie
  })
  t.equal(late.status, 409)
  t.same((await here(next, data)).body, { user: 'alice', n: 0, role: 'admin' })
  const old = await here(cookie, (session) => ({ isNew: session.isNew, id: session.id }))
  t.match(old.body, { isNew: true })
  t.not((old.body as { id: string }).id, cookieValue(cookie))
  t.same(old.lines, [])
  const bytes = await store.read(cookieValue(cookie), 60)
  const text = Buffer.from(bytes ?? '').toString()
  t.notMatch(text, /alice|admin/, 'the tombstone has no data')
  t.notOk(text.includes(cookieValue(next)), 'the tombstone does not show the new id')
  t.match(JSON.parse(text), { __metadata__: { rotated: [String] } })
})

t.test('the tombstone lives for 60 seconds', async (t) => {
  const clock = fakeClock(t)
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  await here(cookie, (session) => session.regenerateId())
  clock.advance(59.9)
  t.not(await store.read(cookieValue(cookie), 60), null)
  clock.advance(0.2)
  t.equal(await store.read(cookieValue(cookie), 60), null)
})

t.test('destroy() with an old id ends every session that was rotated from it, in chains and forks', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  const fork: (string | undefined)[] = []
  await here(cookie, async (session) => {
    await session.regenerateId()
    const other = await there(cookie, (second) => second.regenerateId())
    fork.push(other.cookie)
  }).then(({ cookie: mine }) => fork.push(mine))
  t.equal(new Set(fork).size, 2)
  const chained = await here(fork[0], (session) => session.regenerateId())
  for (const live of [chained.cookie, fork[1]]) t.match((await here(live, data)).body, { user: 'alice' })
  const out = await there(cookie, (session) => session.destroy())
  t.match(out.lines, [/^session=; Expires/])
  for (const dead of [cookie, ...fork, chained.cookie]) t.same((await here(dead, data)).body, {})
  t.equal(store.size, 0)
})

t.test('destroy() during a rotation, or a rotation during destroy(), leaves no record', async (t) => {
  const store = new InMemoryStore()
  const first = await twoOver(t, store)
  const rotation = await first.here(first.cookie, async (session) => {
    await session.regenerateId()
    await first.there(first.cookie, (other) => other.destroy())
  })
  t.equal(rotation.status, 409)
  t.equal(store.size, 0)
  const second = await twoOver(t, store)
  await second.here(second.cookie, async (session) => {
    await second.there(second.cookie, (other) => other.regenerateId())
    await session.destroy()
  })
  t.equal(store.size, 0)
  const third = await twoOver(t, store)
  await third.here(third.cookie, async (session) => {
    await third.there(third.cookie, (other) => void (other.late = 1))
    await session.destroy()
  })
  t.equal(store.size, 0, 'destroy() also removes changes of other requests')
})

t.test('destroy() removes the record even if it has become unusable', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  await here(cookie, async (session) => {
    await store.write(cookieValue(cookie), Buffer.from('not a record'), 0, 0)
    await session.destroy()
  })
  t.equal(store.size, 0)
})

t.test('if a store with replace but without touch fails for a rolling session, nobody is logged out', async (t) => {
  const inner = new InMemoryStore()
  let down = false
  const store: SessionStore = {
    read: (id, lifetime) => inner.read(id, lifetime),
    write: inner.write.bind(inner),
    remove: inner.remove.bind(inner),
    async replace(...args) {
      if (down) throw new Error('down')
      return inner.replace(...args)
    }
  }
  const { here, cookie } = await twoOver(t, store, { lifetime: 60, rolling: true })
  t.match((await here(cookie, data)).lines, [/; Max-Age=60; /])
  down = true
  t.equal((await here(cookie, data)).status, 503)
})

t.test('a rolling session that ends while it is being prolonged stays gone, and causes no error', async (t) => {
  const inner = new InMemoryStore()
  let isLast = false
  const store: SessionStore = {
    read: (id, lifetime) => inner.read(id, lifetime),
    write: inner.write.bind(inner),
    remove: inner.remove.bind(inner),
    async replace(id, ...rest) {
      if (isLast) await inner.remove(id)
      return inner.replace(id, ...rest)
    }
  }
  const { here, cookie } = await twoOver(t, store, { lifetime: 60, rolling: true })
  const late = await here(cookie, () => {
    isLast = true
  })
  t.equal(late.status, 200)
  t.same(late.lines, [])
  t.equal(inner.size, 0)
})

t.test('destroy() does not follow a tombstone that was tampered with', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const next = await here(cookie, (session) => session.regenerateId())
  const record = JSON.parse(Buffer.from((await store.read(cookieValue(cookie), 60)) ?? '').toString())
  record.__metadata__.rotated = ['AAAA']
  await store.write(cookieValue(cookie), Buffer.from(JSON.stringify(record)), 60, 60)
  await here(cookie, (session) => session.destroy())
  t.match((await here(next.cookie, data)).body, { user: 'alice' })
})

t.test('a rotation whose answer from the store was lost can be tried again', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const next = await here(cookie, async (session) => {
    await session.regenerateId()
    loseTombstone(store)
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
    await session.save()
  })
  t.match((await here(next.cookie, data)).body, { user: 'alice' })
  t.same((await here(cookie, data)).body, {})
})

/** The store does the next replace(), but its answer is lost, and the read() that follows fails as well. */
function loseTombstone(store: InMemoryStore): void {
  const { replace, read } = store
  store.replace = async (...args) => {
    store.replace = replace
    await replace.apply(store, args)
    store.read = async () => {
      store.read = read
      throw new Error('still down')
    }
    throw new Error('connection lost')
  }
}

t.test('a write whose answer was lost can be tried again, also if the store does it twice', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const { replace } = store
  let lost = 1
  store.replace = async (...args) => {
    const result = await replace.apply(store, args)
    if (lost-- > 0) throw new Error('connection lost')
    return result
  }
  await here(cookie, async (session) => {
    session.a = 1
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
    session.b = 1
  })
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, a: 1, b: 1 })
  let calls = 0
  store.replace = async (...args) => {
    calls++
    await replace.apply(store, args)
    return replace.apply(store, args)
  }
  t.equal((await here(cookie, (session) => void (session.c = 1))).status, 200)
  t.equal(calls, 1)
})

t.test('`created` never changes, and a last access in the future counts as now', async (t) => {
  const clock = fakeClock(t)
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  clock.advance(10)
  await here(cookie, async (session) => {
    session.a = 1
    clock.advance(10)
    await there(cookie, (other) => void (other.b = 1))
    clock.advance(-10)
  })
  t.match((await here(cookie, (session) => session.metadata)).body, {
    created: 1_700_000_000,
    lastAccess: 1_700_000_010
  })
})

t.test('unknown metadata that another process adds meanwhile are kept', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const id = cookieValue(cookie)
  const read = async () => JSON.parse(Buffer.from((await store.read(id, 0)) ?? '').toString())
  await here(cookie, async (session) => {
    session.a = 1
    const record = await read()
    record.__metadata__.future = { version: 2 }
    await store.write(id, Buffer.from(JSON.stringify(record)), 0, 0)
  })
  t.match(await read(), { a: 1, __metadata__: { future: { version: 2 } } })
})

t.test('update() runs its function again on newer data, and returns the result of the function', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  let runs = 0
  const answer = await here(cookie, async (session) => {
    session.mine = 1
    const result = await session.update(async (newest) => {
      if (runs++ === 0) await there(cookie, (other) => void other.n++)
      newest.n++
      return `n is ${newest.n}`
    })
    t.equal(session.isModified, false)
    t.equal(session.n, 2)
    return { result }
  })
  t.same(answer.body, { result: 'n is 2' })
  t.equal(runs, 2)
  t.same((await here(cookie, data)).body, { user: 'alice', n: 2, mine: 1 })
})

t.test('update() whose function throws writes nothing, and earlier unsaved changes stay unsaved', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  await here(cookie, async (session) => {
    session.cart = { items: [1] }
    const failing = session.update((newest) => {
      newest.n = 99
      newest.cart.items.push(2)
      newest.regenerateId()
      throw new Error('no')
    })
    await t.rejects(failing, /no/)
    t.equal(session.id, cookieValue(cookie))
    t.same(session.data(), { user: 'alice', n: 0, cart: { items: [1] } })
    t.same((await there(cookie, data)).body, { user: 'alice', n: 0 })
  })
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, cart: { items: [1] } })
})

t.test('if the function of update() sends the response and then throws, none of its changes are stored', async (t) => {
  const { app, send } = await testApp(t, {}, (app) => {
    app.get('/sent', async (request, reply) => {
      const session = await request.loadSession()
      const failing = session.update((newest) => {
        newest.n = 2
        reply.send('sent')
        throw new Error('no')
      })
      await t.rejects(failing, /no/)
      return reply
    })
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const { body } = await app.inject({ url: '/sent', headers: { cookie: String(cookie) } })
  t.equal(body, 'sent')
  t.same((await send(cookie, (session) => session.data())).body, { n: 1 })
})

t.test('update() does not run its function again when the answer from the store was lost', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const { replace } = store
  store.replace = async (...args) => {
    store.replace = replace
    await replace.apply(store, args)
    throw new Error('connection lost')
  }
  let runs = 0
  const answer = await here(cookie, async (session) => {
    const lost = session.update((newest) => {
      runs++
      newest.n++
    })
    await t.rejects(lost, { code: 'FST_SESSION_STORE' })
  })
  t.equal(answer.status, 200)
  t.equal(runs, 1)
  t.match((await here(cookie, data)).body, { n: 1 }, 'the change was written once')
})

t.test('update() on a session that is not stored yet changes the session without a store call', async (t) => {
  const { send } = await testApp(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, async (session) => {
    t.equal(await session.update((newest) => (newest.n = 5)), 5)
    t.equal(session.isNew, true)
  })
  t.same((await send(cookie, data)).body, { n: 5 })
})

t.test('update() may empty or rotate the session', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  let runs = 0
  const rotated = await here(cookie, (session) =>
    session.update(async (newest) => {
      if (runs++ === 0) await there(cookie, (other) => void (other.b = 1))
      await newest.regenerateId()
      newest.role = 'admin'
    })
  )
  t.same((await here(rotated.cookie, data)).body, { user: 'alice', n: 0, b: 1, role: 'admin' })
  t.equal(store.size, 2, 'only the session and the tombstone are left; the record of the first attempt was removed')
  const emptied = await here(rotated.cookie, (session) => session.update((newest) => newest.clear()))
  t.match(emptied.lines, [/^session=; Expires/])
})

t.test('update() by many requests at once counts each of them', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  const add: Handler = (session) => session.update((newest) => void newest.n++)
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? here : there)(cookie, add)))
  const acknowledged = answers.filter(({ status }) => status === 200).length
  t.ok(acknowledged > 50, `${acknowledged} of 60 were answered with 200`)
  t.match((await here(cookie, data)).body, { n: acknowledged })
})

t.test('update() over a store without replace loses no change within one process', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 0))
  await Promise.all(
    Array.from({ length: 20 }, () => send(cookie, (session) => session.update((newest) => void newest.n++)))
  )
  t.same((await send(cookie, data)).body, { n: 20 })
  const emptied = await send(cookie, (session) => session.update((newest) => newest.clear()))
  t.match(emptied.lines, [/^session=; Expires/])
  t.equal(store.entries.size, 0)
})

t.test('update() of a session that is gone from a store without replace is answered with 409', async (t) => {
  for (const nothing of [null, undefined]) {
    const store = new MapStore()
    const { send } = await testApp(t, { store })
    const { cookie } = await send(undefined, (session) => void (session.n = 0))
    const { status } = await send(cookie, (session) => {
      store.read = async () => nothing as null
      return session.update((newest) => void newest.n++)
    })
    t.equal(status, 409)
    t.equal(store.calls.write, 1)
  }
})

t.test('update() over a cookie store runs on the data of the request', async (t) => {
  const { send } = await testApp(t, { store: new CookieStore({ secretKey: 's'.repeat(32) }) })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const next = await send(cookie, (session) => session.update((newest) => ++newest.n))
  t.match((await send(next.cookie, data)).body, { n: 2 })
  await send(next.cookie, async (session) => {
    await t.rejects(
      session.update(() => Promise.reject(new Error('no'))),
      /no/
    )
    t.equal(session.isModified, false)
  })
})

t.test('update() takes a function, and refuses save(), destroy() and reload() inside of it', async (t) => {
  const { here, cookie } = await twoOver(t, new InMemoryStore())
  await here(cookie, async (session) => {
    t.throws(() => session.update('n' as never), { code: 'FST_SESSION_OPTIONS', message: /takes a function/ })
    for (const member of ['save', 'destroy', 'reload'] as const) {
      await t.rejects(
        session.update((newest) => newest[member]()),
        {
          code: 'FST_SESSION_OPTIONS',
          message: new RegExp(`session\\.${member}\\(\\) was called inside the function of session\\.update\\(\\)`)
        }
      )
    }
    const [a, b] = await Promise.all([session.update(() => 'a'), session.update(() => 'b')])
    t.same([a, b], ['a', 'b'], 'two updates at once run one after the other')
  })
})

t.test('calls of one request run one after the other; only calls inside an update() are refused', async (t) => {
  const { here, cookie } = await twoOver(t, new InMemoryStore())
  const pause = () => new Promise((resolve) => setImmediate(resolve))
  let late: Promise<unknown> | undefined
  await here(cookie, async (session) => {
    const count = () =>
      session.update(async (newest) => {
        const { n } = newest
        await pause()
        newest.n = n + 1
      })
    await Promise.all([count(), count(), session.save(), count(), session.reload()])
    t.equal(session.n, 3)
    const counting = count()
    await pause()
    await Promise.all([counting, session.update((newest) => void newest.n++), session.save()])
    t.equal(session.n, 5, 'calls that came while a function was running have run as well')
    await session.update(async (newest) => {
      await pause()
      await t.rejects(newest.save(), { code: 'FST_SESSION_OPTIONS', message: /inside the function of session\.update/ })
      await t.rejects(
        newest.update(() => undefined),
        { code: 'FST_SESSION_OPTIONS' }
      )
      newest.n++
      late = pause()
        .then(pause)
        .then(pause)
        .then(() => session.update((newer) => void newer.n++))
    })
    await late
    t.equal(session.n, 7, 'a callback that the function started may call update() after the function has ended')
  })
  t.match((await here(cookie, data)).body, { n: 7 })
})

t.test('update() of one session may be called inside update() of another session', async (t) => {
  const { here, cookie } = await twoOver(t, new InMemoryStore())
  const other = await here(undefined, (session) => void (session.n = 10))
  await here(cookie, (session) =>
    session.update(async (newest) => {
      newest.n++
      await here(other.cookie, (inner) => inner.update(async (newer) => void newer.n++))
    })
  )
  t.match((await here(cookie, data)).body, { n: 1 })
  t.match((await here(other.cookie, data)).body, { n: 11 })
})

t.test('parallel requests of one process lose no write, and cost one store call each', async (t) => {
  const store = new InMemoryStore()
  const { replace } = store
  let calls = 0
  store.replace = async (...args) => {
    calls++
    await new Promise((resolve) => setTimeout(resolve, 5))
    return replace.apply(store, args)
  }
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const writers = Array.from({ length: 10 }, (_, i) =>
    send(cookie, async (session) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      session[`key${i}`] = i
    })
  )
  t.ok((await Promise.all(writers)).every(({ status }) => status === 200))
  t.equal(Object.keys((await send(cookie, data)).body as object).length, 11)
  t.equal(calls, 10, 'each request starts from the data that the last one wrote')
})

t.test('the option concurrency takes only merge and reject', async (t) => {
  t.equal(resolveOptions({}).concurrency, 'merge')
  t.throws(() => resolveOptions({ concurrency: 'last' as 'merge' }), {
    message: /"concurrency" must be 'merge' or 'reject'/
  })
})

t.test('a late rolling response does not replace a newer cookie with its old one', async (t) => {
  for (const withTouch of [false, true]) {
    const inner = new InMemoryStore()
    const store: SessionStore = withTouch
      ? {
          read: (id, lifetime) => inner.read(id, lifetime),
          write: inner.write.bind(inner),
          remove: inner.remove.bind(inner),
          touch: inner.touch.bind(inner),
          replace: inner.replace.bind(inner)
        }
      : inner
    const { here, there, cookie } = await twoOver(t, store, { lifetime: 60, rolling: true })
    const late = await here(cookie, async () => {
      await there(cookie, (other) => other.regenerateId())
    })
    t.equal(late.status, 200)
    t.same(late.lines, [])
  }
})

t.test('no old cookie is sent when a touch meets the tombstone of a rotation that was just done', async (t) => {
  const inner = new InMemoryStore()
  let meanwhile: (() => Promise<unknown>) | undefined
  const store: SessionStore = {
    read: (id, lifetime) => inner.read(id, lifetime),
    write: inner.write.bind(inner),
    remove: inner.remove.bind(inner),
    replace: inner.replace.bind(inner),
    async touch(...args) {
      const first = meanwhile
      meanwhile = undefined
      await first?.()
      return inner.touch(...args)
    }
  }
  const { here, there, cookie } = await twoOver(t, store, { lifetime: 60, rolling: true })
  const late = await here(cookie, () => {
    meanwhile = () => there(cookie, (other) => other.regenerateId())
  })
  t.equal(late.status, 200)
  t.same(late.lines, [])
})

t.test('no old cookie is sent when a rolling session was rotated after its update()', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore(), { lifetime: 60, rolling: true })
  const late = await here(cookie, async (session) => {
    await session.update((newest) => void newest.n++)
    await there(cookie, (other) => other.regenerateId())
  })
  t.equal(late.status, 200)
  t.same(late.lines, [])
})

t.test('a request that loaded newer data does not merge with older data of another request', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  const { replace } = store
  store.replace = async (...args) => {
    store.replace = replace
    const result = await replace.apply(store, args)
    await there(cookie, (session) => void (session.k = true))
    const newer = here(cookie, (session) => {
      delete session.k
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    later.push(newer)
    return result
  }
  const later: Promise<unknown>[] = []
  await here(cookie, (session) => void (session.x = 1))
  t.equal(later.length, 1)
  await later[0]
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, x: 1 })
})

t.test('reading a tombstone does not prolong it', async (t) => {
  const clock = fakeClock(t)
  const { here, cookie } = await twoOver(t, new InMemoryStore())
  const next = await here(cookie, (session) => session.regenerateId())
  for (let i = 0; i < 4; i++) {
    clock.advance(30)
    await here(cookie, data)
  }
  await here(cookie, (session) => session.destroy())
  t.match((await here(next.cookie, data)).body, { user: 'alice' })
})

t.test('update() after the deadline is answered with 409, and not with 200 and a removal', async (t) => {
  const clock = fakeClock(t)
  const options = { lifetime: 60, rolling: true, absoluteLifetime: 60 }
  const { here, cookie } = await twoOver(t, new InMemoryStore(), options)
  const late = await here(cookie, (session) => {
    clock.advance(61)
    return session.update((newest) => void newest.n++)
  })
  t.equal(late.status, 409)
  t.same(late.lines, [])
})

t.test('changes that are made while a save() is running are stored by the next commit', async (t) => {
  for (const first of [true, false]) {
    const store = new InMemoryStore()
    const { here, cookie } = await twoOver(t, store, { lifetime: 60 })
    const { replace, write } = store
    const slowly = () => new Promise((resolve) => setTimeout(resolve, 10))
    store.replace = async (...args) => {
      await slowly()
      return replace.apply(store, args)
    }
    store.write = async (...args) => {
      await slowly()
      return write.apply(store, args)
    }
    const answer = await here(first ? undefined : cookie, async (session) => {
      session.a = 1
      const saving = session.save()
      await new Promise((resolve) => setImmediate(resolve))
      const before = session.id
      await session.regenerateId()
      session.options({ maxAge: 30 })
      session.role = 'admin'
      await saving
      return { before }
    })
    const { before } = answer.body as { before: string }
    t.not(cookieValue(answer.cookie), before)
    t.match(answer.lines, [/; Max-Age=30; /])
    t.match((await here(answer.cookie, data)).body, { a: 1, role: 'admin' })
    t.same((await here(`session=${before}`, data)).body, {})
  }
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const { replace } = store
  store.replace = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    return replace.apply(store, args)
  }
  const emptied = await here(cookie, async (session) => {
    session.clear()
    const saving = session.save()
    await new Promise((resolve) => setImmediate(resolve))
    session.flash = 'bye'
    await saving
  })
  t.same((await here(emptied.cookie, data)).body, { flash: 'bye' })
  t.not(emptied.cookie, cookie)
})

t.test('cookie options and a regenerate() inside update() count once, from the last run', async (t) => {
  const clock = fakeClock(t)
  const { here, there, cookie } = await twoOver(t, new InMemoryStore(), { lifetime: 600 })
  let runs = 0
  const answer = await here(cookie, (session) =>
    session.update(async (newest) => {
      if (runs++ === 0) {
        await there(cookie, (other) => void (other.b = 1))
        clock.advance(100)
        await newest.regenerate(['user'])
      }
      newest.options({ maxAge: 60 })
      newest.c = 1
    })
  )
  t.equal(runs, 2)
  t.match(answer.lines, [/; Max-Age=60; /])
  t.match((await here(answer.cookie, (session) => session.metadata)).body, { created: 1_700_000_000 })
})

t.test('update() of a session that has ended removes the cookie of an earlier save() from the response', async (t) => {
  const store = new InMemoryStore()
  const { send } = await testApp(t, { store })
  const gone = await send(undefined, async (session) => {
    session.a = 1
    await session.save()
    await store.remove(String(session.id))
    await session.update((newest) => void newest.a++)
  })
  t.equal(gone.status, 409)
  t.same(gone.lines, [])
})

t.test('destroy() after reload() ends the session that the old id was rotated into', async (t) => {
  const { here, cookie } = await twoOver(t, new InMemoryStore())
  const next = await here(cookie, (session) => session.regenerateId())
  await here(cookie, async (session) => {
    await session.reload()
    await session.destroy()
  })
  t.same((await here(next.cookie, data)).body, {})
})

t.test('update() whose function throws leaves a session that is not stored yet unchanged', async (t) => {
  const { send } = await testApp(t, { store: new InMemoryStore() })
  const { lines } = await send(undefined, async (session) => {
    const failing = session.update((newest) => {
      newest.half = 1
      throw new Error('no')
    })
    await t.rejects(failing, /no/)
  })
  t.same(lines, [])
})

t.test('the second run of update() sees the newest data although the first run cleared the session', async (t) => {
  const asks: Handler[] = [(session) => session.clear(), (session) => session.regenerate([])]
  for (const ask of asks) {
    const { here, there, cookie } = await twoOver(t, new InMemoryStore())
    const seen: unknown[] = []
    await here(cookie, (session, request) =>
      session.update(async (newest) => {
        seen.push(newest.n)
        if (seen.length === 1) await there(cookie, (other) => void (other.n = 7))
        if (newest.n === 0) await ask(newest, request)
        else newest.m = 1
      })
    )
    t.same(seen, [0, 7])
    t.same((await here(cookie, data)).body, { user: 'alice', n: 7, m: 1 })
  }
})

t.test('a rotation does not bring back a session that was rotated and then destroyed', async (t) => {
  const store = new InMemoryStore()
  for (const rotations of [1, 2]) {
    const { here, there, cookie } = await twoOver(t, store)
    const late = await here(cookie, async (session) => {
      let newest = cookie
      for (let i = 0; i < rotations; i++) newest = (await there(newest, (other) => other.regenerateId())).cookie
      await there(newest, (other) => other.destroy())
      await session.regenerateId()
      session.role = 'admin'
    })
    t.equal(late.status, 409)
    t.match(late.body, { code: 'FST_SESSION_GONE' })
    t.same(late.lines, [])
  }
  const { here, there, cookie } = await twoOver(t, store)
  const forked = await here(cookie, async (session) => {
    const next = await there(cookie, (other) => other.regenerateId())
    await there(next.cookie, (other) => other.regenerateId())
    await session.regenerateId()
  })
  t.match(
    (await here(forked.cookie, data)).body,
    { user: 'alice' },
    'a session that still lives under a newer id can be rotated'
  )
})

/** Holds up the first replace() that `wanted` picks. `arrived` resolves when that call comes; `release` lets it go. */
function holdingUp(store: InMemoryStore, wanted: (id: string, data: Uint8Array | null) => boolean) {
  const { replace } = store
  let arrive: () => void = () => undefined
  let release: (failure?: Error) => void = () => undefined
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const released = new Promise<Error | undefined>((resolve) => (release = resolve))
  store.replace = async (id, expected, data, ...rest) => {
    if (wanted(id, data)) {
      store.replace = replace
      arrive()
      const failure = await released
      if (failure !== undefined) throw failure
    }
    return replace.call(store, id, expected, data, ...rest)
  }
  return { arrived, release: (failure?: Error) => release(failure) }
}

t.test('a rotation that is tried again during a destroy() leaves no record', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  await here(cookie, async (session) => {
    await session.regenerateId()
    loseTombstone(store)
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
    // At this point destroy() has removed the rotated session, but not yet the tombstone.
    const held = holdingUp(store, (id, bytes) => id === cookieValue(cookie) && bytes === null)
    const destroying = there(cookie, (other) => other.destroy())
    await held.arrived
    await session.save()
    held.release()
    t.equal((await destroying).status, 200)
  })
  t.equal(store.size, 0)
})

t.test('destroy() ends a session although another process keeps writing to it', async (t) => {
  const store = new InMemoryStore()
  const { here, cookie } = await twoOver(t, store)
  const { replace } = store
  let writes = 0
  store.replace = async (id, ...rest) => {
    const record = JSON.parse(Buffer.from((await store.read(id, 0)) ?? '').toString())
    await store.write(id, Buffer.from(JSON.stringify({ ...record, writes: ++writes })), 0, 0)
    return replace.call(store, id, ...rest)
  }
  t.equal((await here(cookie, (session) => session.destroy())).status, 200)
  t.equal(writes, 12)
  t.equal(store.size, 0)
})

t.test('clear() during a save() also deletes data that this save merges in, and data that come later', async (t) => {
  for (const wasCleared of [false, true]) {
    const store = new InMemoryStore()
    const { here, there, cookie } = await twoOver(t, store)
    await here(cookie, async (session) => {
      if (wasCleared) session.clear()
      session.a = 1
      const held = holdingUp(store, (id) => id === cookieValue(cookie))
      const saving = session.save()
      await held.arrived
      await there(cookie, (other) => void (other.late = 1))
      session.clear()
      held.release()
      await saving
      t.same(session.data(), {})
      await there(cookie, (other) => void (other.later = 1))
    })
    t.equal(store.size, 0)
  }
})

t.test('after clear() has been committed, later changes of other requests are merged again', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  await here(cookie, async (session) => {
    session.clear()
    session.mine = 1
    await session.save()
    await there(cookie, (other) => void (other.late = 1))
    session.mine = 2
  })
  t.same((await here(cookie, data)).body, { mine: 2, late: 1 })
})

t.test('a save() that has to wait stores the data from the time of the call', async (t) => {
  for (const failure of [undefined, new Error('down')]) {
    const store = new InMemoryStore()
    const { here, cookie } = await twoOver(t, store)
    await here(cookie, (session) => void (session.cart = { items: [] }))
    const failing = await here(cookie, async (session) => {
      const held = holdingUp(store, () => true)
      const first = here(cookie, (other) => void (other.b = 1))
      await held.arrived
      session.cart.items.push('saved')
      const saving = session.save()
      await new Promise((resolve) => setImmediate(resolve))
      session.cart.items.push('not saved')
      held.release(failure)
      t.equal((await first).status, failure === undefined ? 200 : 503)
      await saving
      throw new Error('no')
    })
    t.equal(failing.status, 500)
    t.same((await here(cookie, (session) => session.cart)).body, { items: ['saved'] })
  }
})

t.test('two requests that make the same change at the same time are counted as two changes', async (t) => {
  fakeClock(t)
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  let runs = 0
  await here(cookie, (session) =>
    session.update(async (newest) => {
      if (runs++ === 0) await there(cookie, (other) => other.update((theirs) => void theirs.n++))
      newest.n++
    })
  )
  t.match((await here(cookie, data)).body, { n: 2 })
})

t.test('update() over a store without replace runs again if it sees that another process has written', async (t) => {
  const store = new MapStore()
  const ofOther = Object.assign(new MapStore(), { entries: store.entries })
  const { here, there, cookie } = await twoOver(t, store, {}, ofOther)
  let runs = 0
  await here(cookie, (session) =>
    session.update(async (newest) => {
      if (runs++ === 0) await there(cookie, (other) => void (other.b = 1))
      newest.n++
    })
  )
  t.same((await here(cookie, data)).body, { user: 'alice', n: 1, b: 1 })
  t.equal(runs, 2)
})

t.test('undefined values, which JSON leaves out, are no change and do not disturb a merge', async (t) => {
  const { here, there, cookie } = await twoOver(t, new InMemoryStore())
  await here(cookie, (session) => void (session.cart = { items: [1] }))
  await here(cookie, async (session) => {
    session.cart.coupon = undefined
    session.a = { since: undefined }
    const { a } = session
    await there(cookie, (other) => void other.cart.items.push(2))
    await session.save()
    t.same(session.cart.items, [1, 2])
    t.equal(session.a, a, 'a value is not replaced by an equal one')
  })
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, a: {}, cart: { items: [1, 2] } })
})

t.test('a value that cannot be stored, set during a save(), fails only the next commit', async (t) => {
  const store = new InMemoryStore()
  const { here, there, cookie } = await twoOver(t, store)
  const late = await here(cookie, async (session) => {
    session.a = 1
    await there(cookie, (other) => void (other.b = 1))
    const held = holdingUp(store, (_id, bytes) => Buffer.from(bytes ?? '').includes('"b"'))
    const saving = session.save()
    await held.arrived
    session.big = 1n
    held.release()
    await saving
    t.equal(session.b, 1)
  })
  t.match(late.body, { code: 'FST_SESSION_SERIALIZE' })
  t.same((await here(cookie, data)).body, { user: 'alice', n: 0, a: 1, b: 1 })
})
