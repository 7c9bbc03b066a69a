import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisClient } from '../../types/clients/redis.ts'
import { testApp } from '../support/app.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { RedisSentinels } from '../support/redis-sentinel.ts'
import type { Library } from '../support/redis-topologies.ts'
import { redisStage } from '../support/user-stages.ts'
import { waitUntil } from '../support/wait-until.ts'

const BROWSERS = 4

/** Browsers of ada. Each of them logs in again and again, and sometimes takes a new id. */
async function startLogins(t: Test, client: RedisClient, prefix: string) {
  const { app, send } = await testApp(t, {
    store: new RedisStore({ client, prefix }),
    storeTimeout: 1,
    perUser: { max: 1_000 }
  })
  const cookies: string[] = []
  const statuses = new Map<number, number>()
  let isOver = false
  const browse = async () => {
    while (!isOver) {
      const login = await send(undefined, (session) => session.bindTo('ada'))
      const rotated = await send(login.cookie, (session) => session.regenerateId())
      for (const { status, cookie } of [login, rotated]) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status === 200 && cookie !== undefined) cookies.push(cookie)
      }
      await sleep(20)
    }
  }
  const running = Promise.all(Array.from({ length: BROWSERS }, browse))
  const end = async () => {
    isOver = true
    await running
  }
  t.teardown(end)
  return { app, send, cookies, statuses, end }
}

t.test('after a master is killed in the middle of logins, every session that opens is listed', async (t) => {
  const sentinels = await RedisSentinels.start()
  t.teardown(() => sentinels.stop())
  const start = async (library: Library) => {
    const { client, close } = await connectAsDocumented({ kind: 'sentinel', ports: sentinels.ports }, library)
    t.teardown(close)
    const prefix = `${library}:`
    return { library, client, prefix, ...(await startLogins(t, client, prefix)) }
  }
  const all = await Promise.all((['ioredis', 'node-redis'] as const).map(start))
  const more = (status: number) => {
    const before = all.map(({ statuses }) => statuses.get(status) ?? 0)
    return waitUntil(`answers ${status}`, () =>
      all.every(({ statuses }, index) => (statuses.get(status) ?? 0) > before[index]! + BROWSERS)
    )
  }
  await more(200)
  const old = await sentinels.master()
  await waitUntil('a replica that has the first logins', () => sentinels.isReplicated(old))
  await more(200)
  await old.kill()
  await more(503)
  await more(200)
  for (const { end } of all) await end()
  await waitUntil('a new master', async () => (await sentinels.master()).port !== old.port)
  const master = await sentinels.master()
  const admin = new Redis(master.port)
  t.teardown(() => admin.disconnect())
  for (const { library, app, send, cookies, client, prefix } of all) {
    const alive = await redisStage(admin, () => client, prefix).alive()
    t.same(
      alive.filter(({ isListed }) => !isListed),
      [],
      `${library}: all of ${alive.length} living records are listed`
    )
    const listed = new Set((await app.sessionsOf('ada').list()).map(({ handle }) => handle))
    let opened = 0
    for (const cookie of cookies) {
      const { body } = await send(cookie, (session) => ({ handle: session.handle }))
      const { handle } = body as { handle?: string }
      if (handle === undefined) continue
      opened++
      if (!listed.has(handle)) t.fail(`${library}: a session that opens is not listed`)
    }
    t.ok(opened > BROWSERS, `${library}: ${opened} of ${cookies.length} cookies open a session`)
    await app.sessionsOf('ada').endAll()
    t.same(await redisStage(admin, () => client, prefix).alive(), [], `${library}: endAll() ends all of them`)
  }
})
