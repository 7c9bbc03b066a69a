import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { testApp } from '../support/app.ts'
import { CLIENTS, FAMILIES } from '../support/redis-clients.ts'
import { startRedis } from '../support/redis-server.ts'
import { waitUntil } from '../support/wait-until.ts'

// A cluster can look like one server: Redis Enterprise has one address for all nodes. A cluster of one node does as well.

const HOUR = 3600

t.test('a plain client of a cluster rotates in two steps, because a script cannot use two keys', async (t) => {
  const config = join(tmpdir(), `starsessions-nodes-${process.pid}`)
  const server = await startRedis({
    args: ['--cluster-enabled', 'yes', '--cluster-config-file', config]
  })
  t.teardown(async () => {
    await server.stop()
    await rm(config, { force: true })
  })
  const admin = new Redis(server.port)
  await admin.cluster('ADDSLOTSRANGE', 0, 16_383)
  await waitUntil('the cluster of one node is ready', async () =>
    String(await admin.cluster('INFO')).includes('cluster_state:ok')
  )
  for (const family of FAMILIES) {
    const { client, close } = await CLIENTS[family]!(server.port)
    const store = new RedisStore({ client, prefix: `${family}.` })
    t.type(store.move, 'function')
    const { send, problems } = await testApp(t, { store, lifetime: HOUR })
    const first = await send(undefined, (session) => void (session.user = 'ada'))
    const second = await send(first.cookie, (session) => session.regenerateId())
    t.equal(store.move, undefined, 'the store remembers it')
    const third = await send(second.cookie, (session) => session.regenerateId())
    t.not(second.cookie, first.cookie)
    t.same((await send(third.cookie, (session) => session.data())).body, { user: 'ada' })
    for (const { cookie } of [first, second]) t.same((await send(cookie, (session) => session.data())).body, {}, 'dead')
    await send(first.cookie, (session) => session.destroy())
    t.same((await send(third.cookie, (session) => session.data())).body, {}, 'the tombstones lead to the new session')
    t.same(problems(), [])

    const bytes = (text: string) => Buffer.from(text)
    const other = new RedisStore({ client, prefix: `${family}.` })
    const moved = await other.move?.('old', bytes('other'), bytes('tombstone'), 60, 'new', bytes('data'), HOUR, HOUR)
    t.same(moved, { replaced: false, current: null })
    t.equal(await other.read('new', HOUR), null, 'nothing stays behind if another request was faster')
    await close()
  }
  admin.disconnect()
})
