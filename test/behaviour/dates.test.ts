import t from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'

const make = {
  'in memory': () => ({ store: new InMemoryStore() }),
  'without replace': () => ({ store: new MapStore() }),
  'in a cookie': () => ({ store: new CookieStore({ secretKey: 'a signing secret of at least 32 bytes' }) }),
  encrypted: () => ({ encryptor: new AESGCMEncryptor(Buffer.alloc(32, 1)) }),
  rolling: () => ({ store: new InMemoryStore(), lifetime: 60, rolling: true })
}

for (const [title, options] of Object.entries(make)) {
  t.test(`${title}: a Date comes back as a Date in the next request`, async (t) => {
    const { send, problems } = await testApp(t, options())
    const first = await send(undefined, (session) => {
      session.since = new Date(1_000)
      session.orders = [{ at: new Date(2_000) }]
    })
    const second = await send(first.cookie, (session) => {
      const seen = {
        since: session.since.getTime(),
        at: session.orders[0].at.getTime(),
        isModified: session.isModified
      }
      session.since.setTime(3_000)
      return { ...seen, isModifiedNow: session.isModified }
    })
    t.same(second.body, { since: 1_000, at: 2_000, isModified: false, isModifiedNow: true })
    const third = await send(second.cookie, async (session) => {
      const since = session.since.getTime()
      await session.reload()
      await session.update((newest) => void newest.orders.push({ at: new Date(newest.since.getTime() + 1) }))
      await session.regenerateId()
      return { since }
    })
    t.same(third.body, { since: 3_000 })
    const last = await send(third.cookie, (session) => session.orders.map(({ at }: { at: Date }) => at.getTime()))
    t.same(last.body, [2_000, 3_001])
    t.same(problems(), [])
  })
}

t.test('two requests that set different Dates in one session both keep their change', async (t) => {
  const { send } = await testApp(t)
  const { cookie } = await send(undefined, (session) => void (session.user = { since: new Date(1) }))
  let arrived = 0
  let open: () => void = () => undefined
  const both = new Promise<void>((resolve) => {
    open = resolve
  })
  const at = (key: string, time: number) =>
    send(cookie, async (session) => {
      if (++arrived === 2) open()
      await both
      session[key] = new Date(time)
    })
  await Promise.all([at('one', 10), at('two', 20)])
  const { body } = await send(cookie, ({ user, one, two }) =>
    [user.since, one, two].map((date: Date) => date.getTime())
  )
  t.same(body, [1, 10, 20])
})
