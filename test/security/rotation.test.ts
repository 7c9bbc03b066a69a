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

t.test('after a rotation the old id no longer works (OWASP ASVS 5.0, 7.2.4)', async (t) => {
  await forEach(t, stores.serverSide, async (t, subject) => {
    for (const options of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }] as StarsessionsOptions[]) {
      for (const [name, rotate] of Object.entries(rotations)) {
        const { send } = await testApp(t, { store: subject.make(), ...options })
        const { cookie: before } = await send(undefined, (session) => void (session.cart = 'books'))
        const { cookie: after } = await send(before, rotate)
        t.not(after, before)
        t.match(cookieValue(after), /^[\w-]{43}$/)
        t.same((await send(before, show)).body, {}, `${name}: the old id no longer works`)
        t.same((await send(after, show)).body, { cart: 'books' })
        await send(before, (session) => void (session.cart = 'theirs'))
        t.same((await send(after, show)).body, { cart: 'books' }, 'changes under the old id do not reach the session')
      }
    }
  })
})

t.test('a planted id does not open the session of the victim who logs in with it (session fixation)', async (t) => {
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

t.test('data that are set at a login are never stored under the old id', async (t) => {
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

t.test('after a rotation and clear() or destroy() in one request, neither id works', async (t) => {
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
        t.notMatch(String((await store.read(id, 0)) ?? ''), 'books', 'at most a tombstone is left, and it has no data')
      }
    }
  })
})

t.test('after clear() or destroy() without a rotation, the id no longer works', async (t) => {
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

t.test('destroy() after a rotation that failed half-way leaves no session', async (t) => {
  const subjects: [string, () => SessionStore][] = stores.serverSide.map(({ name, make }) => [name, make])
  for (const [name, make] of [...subjects, ['a store with three methods', () => new MapStore()] as const]) {
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
        store[last] = original as never
        await session.destroy()
      })
      for (const id of new Set(calls.map((call) => call.id))) t.same((await send(`session=${id}`, show)).body, {})
    })
  }
})

t.test('a rotation that is tried again after a failure leaves only the new session', async (t) => {
  const subjects: [string, () => SessionStore][] = stores.serverSide.map(({ name, make }) => [name, make])
  for (const [name, make] of [...subjects, ['a store with three methods', () => new MapStore()] as const]) {
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
