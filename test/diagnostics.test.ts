import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { fingerprint } from '../lib/diagnostics.ts'
import { InMemoryStore } from '../lib/stores/memory.ts'
import { cookieValue, testApp } from './support/app.ts'
import { MapStore } from './support/map-store.ts'

const NAMES = ['load', 'commit', 'conflict', 'rotate', 'destroy', 'store-error'] as const

t.test('a fingerprint is the same for the same id, and does not show the id', async (t) => {
  t.match(fingerprint('id-1'), /^[\w-]{16}$/)
  t.equal(fingerprint('id-1'), fingerprint('id-1'))
  t.not(fingerprint('id-1'), fingerprint('id-2'))
  t.equal(fingerprint(undefined), undefined)
})

t.test('each channel publishes durations, attempts and sizes, and never an id or session data', async (t) => {
  const messages: { name: string; [key: string]: unknown }[] = []
  for (const name of NAMES) {
    const listener = (message: unknown) => void messages.push({ ...(message as object), name })
    subscribe(`starsessions:${name}`, listener)
    t.teardown(() => unsubscribe(`starsessions:${name}`, listener))
  }
  const store = new InMemoryStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.secret = 'secret data'))
  await send(cookie, async (session) => {
    session.n = 1
    await send(cookie, (other) => void (other.m = 1))
  })
  const rotated = await send(cookie, (session) => session.regenerateId())
  await send(rotated.cookie, (session) => session.destroy())
  store.read = async () => {
    throw new Error('down')
  }
  await send(rotated.cookie, () => undefined)

  const of = (name: string) => messages.filter((message) => message.name === name)
  t.match(of('load')[0], { fingerprint: String, duration: Number, found: 'missing', bytes: 0 })
  t.match(of('load')[1], { fingerprint: fingerprint(cookieValue(cookie)), found: 'session' })
  t.match(of('commit')[0], {
    fingerprint: fingerprint(cookieValue(cookie)),
    duration: Number,
    attempts: 1,
    conflicts: 0,
    bytes: Number
  })
  t.match(of('commit').at(-2), { attempts: 2, conflicts: 0 })
  t.match(of('conflict'), [{ fingerprint: fingerprint(cookieValue(cookie)), keys: 0 }])
  t.match(of('rotate'), [
    {
      fingerprint: fingerprint(cookieValue(cookie)),
      to: fingerprint(cookieValue(rotated.cookie)),
      attempts: 1,
      duration: Number
    }
  ])
  t.match(of('destroy'), [{ fingerprint: fingerprint(cookieValue(rotated.cookie)), duration: Number }])
  t.match(of('store-error'), [
    { fingerprint: fingerprint(cookieValue(rotated.cookie)), duration: Number, error: { message: 'down' } }
  ])
  const text = JSON.stringify(messages)
  for (const secret of [cookieValue(cookie), cookieValue(rotated.cookie), 'secret data']) t.notOk(text.includes(secret))
})

t.test('each rotation is published, also inside update() and over a store that cannot compare', async (t) => {
  const rotations: unknown[] = []
  const listener = (message: unknown) => void rotations.push(message)
  subscribe('starsessions:rotate', listener)
  t.teardown(() => unsubscribe('starsessions:rotate', listener))
  for (const store of [new InMemoryStore(), new MapStore()]) {
    const { send } = await testApp(t, { store })
    const { cookie } = await send(undefined, (session) => void (session.a = 1))
    const first = await send(cookie, (session) => session.update((newest) => newest.regenerateId()))
    const second = await send(first.cookie, (session) => session.regenerateId())
    const ids = [cookie, first.cookie, second.cookie].map((one) => fingerprint(cookieValue(one)))
    t.match(rotations.splice(0), [
      { fingerprint: ids[0], to: ids[1], attempts: 1, duration: Number },
      { fingerprint: ids[1], to: ids[2], attempts: 1, duration: Number }
    ])
  }
})

t.test('without a subscriber, the log still has the number of attempts', async (t) => {
  const { send, log } = await testApp(t, { store: new InMemoryStore() })
  const { cookie } = await send(undefined, (session) => void (session.a = 1))
  await send(cookie, async (session) => {
    session.a = 2
    await send(cookie, (other) => void (other.b = 1))
  })
  const lines = log.filter(({ msg }) => msg === 'the session was committed')
  t.match(lines, [
    { attempts: 1, conflicts: 0 },
    { attempts: 2, conflicts: 0 }
  ])
})
