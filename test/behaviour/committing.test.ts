import v8 from 'node:v8'
import t from 'tap'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'

const login = (store: SessionStore, send: Awaited<ReturnType<typeof testApp>>['send']) =>
  send(undefined, (session) => {
    session.user = 'alice'
    session.cart = { items: [1] }
  }).then((answer) => {
    if (store instanceof MapStore) Object.assign(store.calls, { read: 0, write: 0, remove: 0 })
    return answer.cookie
  })

t.test('a session that is not loaded costs no store call and sets no cookie and no header', async (t) => {
  const store = new MapStore()
  const { app, send } = await testApp(t, { store }, (app) => {
    app.get('/static', async () => 'x')
  })
  const cookie = await login(store, send)
  const { headers } = await app.inject({ url: '/static', headers: { cookie: String(cookie) } })
  t.equal(headers['set-cookie'], undefined)
  t.equal(headers.vary, undefined)
  t.equal(headers['cache-control'], undefined)
  t.same(store.calls, { read: 0, write: 0, remove: 0 })
})

t.test('a new and empty session is not stored and sets no cookie', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { lines, headers } = await send(undefined, (session) => {
    session.a = 1
    delete session.a
    session.b = undefined
  })
  t.same(lines, [])
  t.equal(headers.vary, 'Cookie')
  t.equal(headers['cache-control'], undefined)
  t.same(store.calls, { read: 0, write: 0, remove: 0 })
})

t.test('a new session with only empty objects and arrays is not stored, not even by save()', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { lines, body } = await send(undefined, async (session) => {
    session.messages = {}
    session.cart = []
    session.set('id', {})
    await session.regenerateId()
    await session.save()
    return { isNew: session.isNew, isEmpty: session.isEmpty, isModified: session.isModified }
  })
  t.same(lines, [])
  t.same(body, { isNew: true, isEmpty: false, isModified: true }, 'the properties still describe the data')
  t.same(store.calls, { read: 0, write: 0, remove: 0 })
})

t.test('empty objects and arrays in a new session are stored if there are other data', async (t) => {
  const { send } = await testApp(t)
  const { cookie } = await send(undefined, (session) => void Object.assign(session, { messages: {}, cart: [], n: 0 }))
  const { body } = await send(cookie, (session) => session.data())
  t.same(body, { messages: {}, cart: [], n: 0 })
})

t.test('a stored session stays stored when only empty objects and arrays are left in it', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { lines } = await send(cookie, (session) => {
    delete session.user
    session.cart = {}
    session.list = []
  })
  t.same(lines, [])
  t.same(store.calls, { read: 1, write: 1, remove: 0 })
  t.same((await send(cookie, (session) => session.data())).body, { cart: {}, list: [] })
})

t.test('a new session with data costs one write and sets a cookie', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { lines, headers, body } = await send(undefined, (session) => {
    session.a = 1
    return { id: session.id }
  })
  const { id } = body as { id: string }
  t.same(lines, [`session=${id}; Path=/; HttpOnly; Secure; SameSite=Lax`])
  t.equal(headers['cache-control'], 'no-store')
  t.same([...store.entries.keys()], [id])
  t.same(store.calls, { read: 0, write: 1, remove: 0 })
})

t.test('an unchanged session is not written and sets no cookie', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { lines, body } = await send(cookie, (session) => {
    session.user = 'bob'
    session.user = 'alice'
    return session.data()
  })
  t.same(body, { user: 'alice', cart: { items: [1] } })
  t.same(lines, [])
  t.same(store.calls, { read: 1, write: 0, remove: 0 })
})

t.test('loading a record with keys named like members does not count as a change', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  await store.write('known', Buffer.from('{"__proto__":1,"id":2,"user":"alice"}'), 0, 0)
  const { lines } = await send('session=known', async (session) => {
    t.equal(session.isModified, false)
    await session.reload()
    t.equal(session.isModified, false)
  })
  t.same(lines, [])
  t.equal(store.calls.write, 1)
})

t.test('a changed session, also one with a nested change, is written under its id, and sets no cookie', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { lines } = await send(cookie, (session) => void session.cart.items.push(2))
  t.same(lines, [])
  t.same(store.calls, { read: 1, write: 1, remove: 0 })
  t.equal(store.entries.size, 1)
  const { body } = await send(cookie, (session) => session.data())
  t.same(body, { user: 'alice', cart: { items: [1, 2] } })
})

t.test('a session that was emptied is removed from the store, and its cookie is cleared', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store, cookie: { path: '/', domain: 'example.com', sameSite: 'strict' } })
  const cookie = await login(store, send)
  const { lines, headers } = await send(cookie, (session) => session.clear())
  t.same(lines, [
    'session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Strict'
  ])
  t.equal(headers['cache-control'], 'no-store')
  t.same(store.calls, { read: 1, write: 0, remove: 1 })
  t.equal(store.entries.size, 0)
})

t.test('destroy() removes the session at once, and data that are set afterwards begin a new session', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { lines, cookie: none } = await send(cookie, async (session) => {
    const before = session.id
    await session.destroy()
    t.equal(store.entries.size, 0)
    t.not(session.id, before)
    t.match(session, { isNew: true, isEmpty: true })
  })
  t.match(lines, [/^session=; Expires=Thu, 01 Jan 1970/])
  t.equal(none, undefined)
  t.same(store.calls, { read: 1, write: 0, remove: 1 })
  t.same((await send(cookie, (session) => session.data())).body, {}, 'the old cookie no longer works')

  const second = await login(store, send)
  const again = await send(second, async (session) => {
    await session.destroy()
    session.flash = 'bye'
  })
  t.not(again.cookie, second)
  t.same((await send(again.cookie, (session) => session.data())).body, { flash: 'bye' })
  t.same((await send(second, (session) => session.data())).body, {})
})

t.test('destroy() clears any cookie of the request, and sends nothing if there was none', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  t.match((await send('session=unknown', (session) => session.destroy())).lines, [/^session=; Expires/])
  t.match((await send('session=%%%', (session) => session.destroy())).lines, [/^session=; Expires/])
  t.same((await send(undefined, (session) => session.destroy())).lines, [])
  t.same(store.calls, { read: 1, write: 0, remove: 0 })
  const saved = await send(undefined, async (session) => {
    session.a = 1
    await session.save()
    await session.destroy()
  })
  t.match(saved.lines, [/^session=; Expires/])
  t.equal(store.entries.size, 0)
})

t.test('a rotation keeps the data, and writes the new record before it removes the old one', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const order: string[] = []
  const { write, remove } = MapStore.prototype
  store.write = (...args) => {
    order.push('write')
    return write.apply(store, args)
  }
  store.remove = (id) => {
    order.push('remove')
    return remove.call(store, id)
  }
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.same(order, ['write', 'remove'])
  t.not(rotated.cookie, cookie)
  t.same([...store.entries.keys()], [cookieValue(rotated.cookie)])
  t.same((await send(rotated.cookie, (session) => session.data())).body, { user: 'alice', cart: { items: [1] } })
  t.same((await send(cookie, (session) => session.data())).body, {})
})

t.test('regenerate(keep) begins a new session with the listed keys', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const next = await send(cookie, async (session) => {
    await session.regenerate(['cart'])
    session.user = 'root'
  })
  t.equal(store.entries.size, 1)
  t.same((await send(next.cookie, (session) => session.data())).body, { cart: { items: [1] }, user: 'root' })
  const gone = await send(next.cookie, (session) => session.regenerate())
  t.match(gone.lines, [/^session=; Expires/], 'a session without kept keys is not stored')
  t.equal(store.entries.size, 0)
})

t.test('rotating a session that is not stored yet costs one write', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  await send(undefined, async (session) => {
    session.a = 1
    await session.regenerateId()
  })
  t.same(store.calls, { read: 0, write: 1, remove: 0 })
})

t.test('a rotation that cannot remove the old record can be tried again', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { remove } = MapStore.prototype
  store.remove = async () => {
    store.remove = remove
    throw new Error('down')
  }
  const retried = await send(cookie, async (session) => {
    await session.regenerateId()
    await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
  })
  t.equal(retried.status, 200)
  t.same((await send(cookie, (session) => session.data())).body, {})
  t.match((await send(retried.cookie, (session) => session.data())).body, { user: 'alice' })
})

t.test('save() stores the session at once, and the response sets the cookie without a second write', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { lines } = await send(undefined, async (session) => {
    session.a = 1
    await session.save()
    t.equal(store.entries.size, 1)
    t.equal(session.isNew, false)
    t.equal(session.isModified, false)
    await session.save()
  })
  t.match(lines, [/^session=[\w-]{43};/])
  t.equal(store.calls.write, 1)
})

t.test('save() and regenerateId() calls that overlap run one after the other', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, async (session) => {
    session.a = 1
    await Promise.all([session.save(), session.regenerateId(), session.save(), session.save()])
  })
  t.same([...store.entries.keys()], [cookieValue(cookie)])
})

t.test('reload() drops unsaved changes and reads the record again', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { lines } = await send(cookie, async (session) => {
    session.user = 'mallory'
    const { id } = session
    await session.regenerateId()
    await send(cookie, (other) => void (other.seen = true))
    await session.reload()
    t.same(session.data(), { user: 'alice', cart: { items: [1] }, seen: true })
    t.equal(session.id, id)
  })
  t.same(lines, [])
  await send(cookie, async (session) => {
    await send(cookie, (other) => other.destroy())
    await session.reload()
    t.match(session, { isNew: true, isEmpty: true })
  })
  await send(undefined, async (session) => {
    session.a = 1
    await session.reload()
    t.equal(session.isEmpty, true)
  })
})

t.test('reload() of a record that has become unusable gives a new, empty session, and the log says why', async (t) => {
  const store = new MapStore()
  const { send, problems } = await testApp(t, { store })
  const cookie = await login(store, send)
  await send(cookie, async (session) => {
    for (const entry of store.entries.values()) entry.data = Buffer.from('[1]')
    await session.reload()
    t.match(session, { isNew: true, isEmpty: true })
  })
  t.match(problems(), [{ reason: 'not-an-object' }])
})

t.test('changes are found in values that only a serializer other than JSON can store', async (t) => {
  const serializer = {
    serialize: (data: object) => v8.serialize(data),
    deserialize: (data: Uint8Array) => v8.deserialize(data)
  }
  const { send } = await testApp(t, { serializer })
  const gap = [1]
  gap.length = 2
  const { cookie } = await send(undefined, (session) => void Object.assign(session, { gap, map: new Map(), n: 0 }))
  type Kept = { gap: number[]; map: Map<string, number>; n: number }
  const changes: ((session: Kept) => void)[] = [
    (session) => void (session.gap[1] = 2),
    (session) => void session.map.set('a', 1),
    (session) => void (session.n = -0)
  ]
  for (const change of changes) await send(cookie, (session) => change(session as unknown as Kept))
  await send(cookie, (session) => {
    const { gap, map, n } = session as unknown as Kept
    t.same([gap, [...map], Object.is(n, -0)], [[1, 2], [['a', 1]], true])
  })
})

t.test('a save() without await is finished before the response', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const cookie = await login(store, send)
  const { status } = await send(cookie, (session) => {
    session.first = 1
    void session.save()
    session.second = 2
  })
  t.equal(status, 200)
  const { body } = await send(cookie, (session) => [session.first, session.second])
  t.same(body, [1, 2])
})

t.test('a response of 500 and above stores nothing, but a save() before it stays, with its cookie', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const lost = await send(undefined, (session) => {
    session.a = 1
    throw new Error('bug')
  })
  t.equal(lost.status, 500)
  t.same(lost.lines, [])
  t.equal(lost.headers.vary, 'Cookie')
  t.equal(store.calls.write, 0)
  const saved = await send(undefined, async (session) => {
    session.a = 1
    await session.save()
    session.a = 2
    throw new Error('bug')
  })
  t.equal(saved.status, 500)
  t.same((await send(saved.cookie, (session) => session.data())).body, { a: 1 })
})

t.test('a response with a client error (4xx) stores the session', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { status, cookie } = await send(undefined, (session) => {
    session.attempts = 1
    throw Object.assign(new Error('no'), { statusCode: 401 })
  })
  t.equal(status, 401)
  t.same((await send(cookie, (session) => session.data())).body, { attempts: 1 })
})

t.test('responses to HEAD, with 204, 304 or 404, redirects and streams store the session as well', async (t) => {
  const store = new MapStore()
  const { app } = await testApp(t, { store }, (app) => {
    app.addHook('preHandler', async (request) => {
      if (request.url !== '/') (await request.loadSession()).url = request.url
    })
    app.get('/head', async () => 'x')
    app.get('/204', async (_, reply) => reply.code(204).send())
    app.get('/304', async (_, reply) => reply.code(304).send())
    app.get('/redirect', async (_, reply) => reply.redirect('/', 303))
    app.get('/stream', async (_, reply) => reply.send(new Blob(['streamed']).stream()))
    app.get(
      '/response',
      async () => new Response('web', { status: 201, headers: { 'cache-control': 'public', vary: 'Accept' } })
    )
    app.get('/failing-response', async () => new Response('web', { status: 502 }))
  })
  for (const url of ['/missing', '/204', '/304', '/redirect', '/stream', '/response', '/head']) {
    const response = await app.inject({ url, method: url === '/head' ? 'HEAD' : 'GET' })
    t.match(response.headers['set-cookie'], /^session=[\w-]{43};/, url)
    t.equal(response.headers['cache-control'], 'no-store', url)
    t.match(response.headers.vary, /Cookie$/, url)
  }
  const { calls } = store
  const before = calls.write
  const failing = await app.inject('/failing-response')
  t.equal(failing.statusCode, 502)
  t.equal(failing.headers['set-cookie'], undefined)
  t.equal(calls.write, before, 'the status of a web Response counts')
})

t.test('the session is committed once, also if a later hook fails', async (t) => {
  const store = new MapStore()
  const { app } = await testApp(t, { store }, (app) => {
    const onSend = async (_: unknown, reply: { statusCode: number }) => {
      if (reply.statusCode < 500) throw new Error('late')
    }
    app.get('/late', { onSend }, async (request) => {
      ;(await request.loadSession()).a = 1
      return 'x'
    })
  })
  const response = await app.inject('/late')
  t.equal(response.statusCode, 500)
  t.same(store.calls, { read: 0, write: 1, remove: 0 })
  t.match(response.headers['set-cookie'], /^session=[\w-]{43};/, 'the cookie of the commit is sent once')
})

t.test('options({ maxAge }) sends the cookie again, and later cookies of the session keep it', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store, lifetime: 600 })
  const cookie = await login(store, send)
  const short = await send(cookie, (session) => session.options({ maxAge: 60 }))
  t.equal(short.cookie, cookie)
  t.match(short.lines, [/; Max-Age=60; /])
  const again = await send(cookie, (session) => session.options({ maxAge: 60 }))
  t.same(again.lines, [], 'the same maxAge again is no change')
  const rotated = await send(cookie, (session) => session.regenerateId())
  t.match(rotated.lines, [/; Max-Age=60; /])
  const browser = await send(rotated.cookie, (session) => session.options({ maxAge: null }))
  t.notMatch(browser.lines[0], /Max-Age/)
  const long = await send(rotated.cookie, (session) => session.options({ maxAge: 9999 }))
  t.match(long.lines, [/; Max-Age=600; /], 'maxAge cannot exceed the lifetime')
})

t.test('save() puts the cookie on the raw response, for replies that Fastify does not send', async (t) => {
  const { app } = await testApp(t, {}, (app) => {
    app.get('/hijacked', async (request, reply) => {
      const session = await request.loadSession()
      reply.raw.setHeader('set-cookie', 'other=1')
      session.a = 1
      await session.save()
      await session.regenerateId()
      await session.save()
      reply.hijack()
      reply.raw.end('raw')
      session.a = 2
      await session.save()
    })
    app.get('/sent', async (request, reply) => {
      const session = await request.loadSession()
      reply.raw.setHeader('set-cookie', 'other=1')
      session.a = 1
      await session.save()
      return 'x'
    })
  })
  for (const url of ['/hijacked', '/sent']) {
    const { headers } = await app.inject(url)
    t.match(headers['set-cookie'], [/^other=1$/, /^session=[\w-]{43};/])
    t.equal(headers['set-cookie']?.length, 2)
  }
})

t.test('Set-Cookie lines of the application stay, except one of the same name, domain and path', async (t) => {
  const { app } = await testApp(t, {}, (app) => {
    app.get('/cookies', async (request, reply) => {
      ;(await request.loadSession()).a = 1
      reply.header('set-cookie', ['a=1', 'session=stale; Path=/', 'session=other; Path=/x'])
      return 'x'
    })
  })
  const { headers } = await app.inject('/cookies')
  t.match(headers['set-cookie'], ['a=1', 'session=other; Path=/x', /^session=[\w-]{43}; Path=\/;/])
  t.equal(headers['set-cookie']?.length, 3)
})

t.test('Cache-Control of the application stays if it keeps shared caches out', async (t) => {
  const { app } = await testApp(t, {}, (app) => {
    app.get('/caching', async (request, reply) => {
      ;(await request.loadSession()).a = 1
      return reply.header('cache-control', request.headers['x-cache']).header('vary', 'Accept').send('x')
    })
  })
  for (const [own, sent] of [
    ['public, max-age=9', 'no-store'],
    ['private, max-age=9', 'private, max-age=9']
  ] as const) {
    const { headers } = await app.inject({ url: '/caching', headers: { 'x-cache': own } })
    t.equal(headers['cache-control'], sent)
    t.equal(headers.vary, 'Accept, Cookie')
  }
})
