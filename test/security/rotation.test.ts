import t from 'tap'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { Session } from '../../types/session.ts'
import type { SessionStore } from '../../types/store.ts'
import { cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, subjects, watched } from './subjects.ts'

const stores = await subjects(t)
const show: Handler = (session) => session.data()

const rotations: Record<string, (session: Session) => Promise<void>> = {
  'regenerateId()': (session) => session.regenerateId(),
  'regenerate()': (session) => session.regenerate(['cart'])
}

t.test('after a rotation the old id is dead when the response has been sent (OWASP ASVS 5.0, 7.2.4)', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }] as StarsessionsOptions[]) {
      for (const [name, rotate] of Object.entries(rotations)) {
        const { send } = await testApp(t, { store: subject.make(), ...options })
        const { cookie: before } = await send(undefined, (session) => void (session.cart = 'books'))
        const { cookie: after } = await send(before, rotate)
        t.not(after, before)
        t.match(cookieValue(after), /^[\w-]{43}$/)
        t.same((await send(before, show)).body, {}, `${name}: dead`)
        t.same((await send(after, show)).body, { cart: 'books' })
        await send(before, (session) => void (session.cart = 'theirs'))
        t.same(
          (await send(after, show)).body,
          { cart: 'books' },
          'and nothing written with the old one reaches the new'
        )
      }
    }
  })
})

t.test('a planted id does not get the session of whoever logs in with it (session fixation)', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const [name, rotate] of Object.entries(rotations)) {
      const { send } = await testApp(t, { store: subject.make() })
      const { cookie: attackers } = await send(undefined, (session) => void (session.cart = 'bait'))
      const { cookie: victims } = await send(attackers, async (session) => {
        await rotate(session)
        session.user = 'alice'
      })
      t.same((await send(attackers, show)).body, {}, name)
      t.match((await send(victims, show)).body, { user: 'alice' })
    }
  })
})

t.test('what is written after a login never stood under the old id', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const [name, rotate] of Object.entries(rotations)) {
      for (const order of ['rotate first', 'data first', 'with save()']) {
        const { store, calls } = watched(subject.make())
        const { send } = await testApp(t, { store })
        const { cookie: before } = await send(undefined, (session) => void (session.cart = 'books'))
        const { cookie: after } = await send(before, async (session) => {
          if (order === 'data first') session.user = 'alice'
          await rotate(session)
          session.user = 'alice'
          if (order === 'with save()') await session.save()
          session.role = 'admin'
        })
        const told = calls.filter(({ id }) => id === cookieValue(before)).flatMap(({ bytes }) => bytes)
        t.notMatch(Buffer.concat(told).toString(), /alice|admin/, `${name}, ${order}`)
        t.match((await send(after, show)).body, { user: 'alice', role: 'admin' })
      }
    }
  })
})

t.test('a rotation followed by clear() or destroy() in one request kills both ids', async (t) => {
  const ends: Record<string, (session: Session) => unknown> = {
    'clear()': (session) => session.clear(),
    'destroy()': (session) => session.destroy(),
    'save(), clear()': async (session) => {
      await session.save()
      session.clear()
    },
    'save(), destroy()': async (session) => {
      await session.save()
      await session.destroy()
    },
    'save(), rotation, destroy()': async (session) => {
      await session.save()
      await session.regenerateId()
      await session.destroy()
    }
  }
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const [end, finish] of Object.entries(ends)) {
      const { store, calls } = watched(subject.make())
      const { send } = await testApp(t, { store })
      const { cookie: before } = await send(undefined, (session) => void (session.cart = 'books'))
      const ids: string[] = [cookieValue(before)]
      const { lines } = await send(before, async (session) => {
        await session.regenerateId()
        ids.push(String(session.id))
        await finish(session)
      })
      t.match(lines, [/^session=; Expires=Thu, 01 Jan 1970/], end)
      t.equal(lines.length, 1)
      for (const id of new Set([...ids, ...calls.map((call) => call.id)])) {
        t.same((await send(`session=${id}`, show)).body, {})
        t.notMatch(String((await store.read(id, 0)) ?? ''), 'books', 'at most a tombstone, which has no data')
      }
    }
  })
})

t.test('clear() and destroy() without a rotation kill the id', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const end of [(session: Session) => session.clear(), (session: Session) => session.destroy()]) {
      const { send } = await testApp(t, { store: subject.make() })
      const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
      const { lines } = await send(cookie, end)
      t.match(lines, [/^session=; Expires=Thu, 01 Jan 1970/])
      t.same((await send(cookie, show)).body, {})
    }
  })
})

t.test('nor is anything left of a rotation that failed half-way, once the session has been destroyed', async (t) => {
  const subjects: [string, () => SessionStore][] = stores.serverSide.map(({ name, make }) => [name, make])
  for (const [name, make] of [...subjects, ['a store of three methods', () => new MapStore()] as const]) {
    await t.test(name, async (t) => {
      const { store, calls } = watched(make())
      const { send } = await testApp(t, { store })
      const { cookie } = await send(undefined, (session) => void (session.cart = 'books'))
      const last = store.replace === undefined ? 'remove' : 'replace'
      const original = store[last]
      await send(cookie, async (session) => {
        await session.regenerateId()
        store[last] = async () => {
          throw new Error('down')
        }
        await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
        await session.regenerateId()
        await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
        store[last] = original as never
        await session.destroy()
      })
      for (const id of new Set(calls.map((call) => call.id))) t.same((await send(`session=${id}`, show)).body, {})
    })
  }
})

t.test('nor is more left of it than the new record, once the rotation has been tried again', async (t) => {
  const subjects: [string, () => SessionStore][] = stores.serverSide.map(({ name, make }) => [name, make])
  for (const [name, make] of [...subjects, ['a store of three methods', () => new MapStore()] as const]) {
    await t.test(name, async (t) => {
      const { store, calls } = watched(make())
      const { send } = await testApp(t, { store })
      const { cookie } = await send(undefined, (session) => void (session.cart = 'books'))
      const last = store.replace === undefined ? 'remove' : 'replace'
      const original = store[last]
      const { cookie: after } = await send(cookie, async (session) => {
        await session.regenerateId()
        store[last] = async () => {
          throw new Error('down')
        }
        await t.rejects(session.save(), { code: 'FST_SESSION_STORE' })
        store[last] = original as never
        await session.regenerateId()
      })
      for (const id of new Set(calls.map((call) => call.id))) {
        const isNew = id === cookieValue(after)
        t.same((await send(`session=${id}`, show)).body, isNew ? { cart: 'books' } : {})
      }
    })
  }
})
