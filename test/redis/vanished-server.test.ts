import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { connectAsDocumented } from '../support/redis-as-documented.ts'
import { startRedis } from '../support/redis-server.ts'
import { LIBRARIES } from '../support/redis-topologies.ts'
import { SessionLoad } from '../support/session-load.ts'

const server = await startRedis()
t.teardown(() => server.stop())

/** Stands in front of the server. What it has accepted so far can vanish: taken, and never answered. */
async function startVanishing(t: Test): Promise<{ port: number; vanish(): void }> {
  const upstreams = new Set<Socket>()
  const clients = new Set<Socket>()
  const proxy = createServer((client) => {
    const upstream = connect(server.port, '127.0.0.1')
    clients.add(client)
    upstreams.add(upstream)
    client.on('error', () => undefined)
    upstream.on('error', () => undefined)
    client.on('close', () => upstream.destroy())
    client.pipe(upstream)
    upstream.pipe(client)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    for (const socket of [...clients, ...upstreams]) socket.destroy()
  })
  return {
    port: (proxy.address() as AddressInfo).port,
    vanish() {
      for (const upstream of upstreams) upstream.unpipe().resume()
    }
  }
}

t.test('a server that vanishes, and is back under the same name: clients find it while requests come in', async (t) => {
  const { port, vanish } = await startVanishing(t)
  const loads = await Promise.all(
    LIBRARIES.map(async (library) => {
      const { client, close } = await connectAsDocumented({ kind: 'single', ports: [port] }, library)
      t.teardown(close)
      return SessionLoad.start(t, new RedisStore({ client, prefix: `${library}:` }))
    })
  )
  await Promise.all(loads.map((load) => load.next('acknowledged')))
  vanish()
  await Promise.all(loads.map((load) => load.next('failed')))
  await Promise.all(loads.map((load) => load.next('acknowledged')))
  const wellSince = performance.now()
  await Promise.all(loads.map((load) => load.next('acknowledged')))
  for (const load of loads) await load.holds(t, wellSince)
})
