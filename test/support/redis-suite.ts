import type { Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisStoreOptions } from '../../types/stores.ts'
import { killedProcess } from './killed-process.ts'
import { redisInterleavings } from './redis-interleavings.ts'
import { connectTo, LIBRARIES, type Library, type Servers } from './redis-topologies.ts'
import { sharedSession } from './session-processes.ts'
import { storeConformance } from './store-conformance.ts'

/**
 * The tests that must pass with each kind of Redis (one server, Cluster, Sentinel) and each client library.
 * @param processes the library for the tests with several processes. One library is enough, because processes start slowly.
 */
export async function redisSuite(t: Test, servers: Servers, processes: Library): Promise<void> {
  await conformance(t, servers)
  for (const library of LIBRARIES) {
    await t.test(`${library}: two requests keep all promises in every order of their store operations`, (t) =>
      redisInterleavings(t, servers, library)
    )
  }
  await t.test(`${processes}: 200 increments and 50 writes from three processes are all kept`, (t) =>
    severalProcesses(t, servers, processes)
  )
  await t.test(`${processes}: after a process is killed, its acknowledged writes are kept and counted once`, (t) =>
    killedProcess(t, servers, processes, 100)
  )
}

/** Three kinds of prefix: keys in any slot, all keys in one slot, and slots that a function chooses. */
const prefixesFor = (library: Library): Record<string, NonNullable<RedisStoreOptions['prefix']>> => ({
  'a prefix': `${library}:`,
  'a hash tag': `{${library}}:`,
  'a function that makes hash tags': (key) => `${library}:{${key.slice(0, 1)}}${key.slice(1)}`
})

/** All tests run at once, because they mostly wait for keys to expire. */
async function conformance(t: Test, servers: Servers): Promise<void> {
  const runs: Promise<unknown>[] = []
  for (const library of LIBRARIES) {
    const { client, close } = await connectTo(servers, library)
    t.teardown(close)
    for (const [name, prefix] of Object.entries(prefixesFor(library))) {
      const make = async () => ({ store: new RedisStore({ client, prefix }) })
      const title = `${library}, ${name}`
      runs.push(t.test(title, { buffered: true }, (t) => storeConformance(t, `RedisStore (${title})`, make)))
    }
  }
  t.jobs = runs.length
  await Promise.all(runs)
  t.jobs = 1
}

async function severalProcesses(t: Test, servers: Servers, library: Library): Promise<void> {
  const { start, data } = await sharedSession(t, servers, library)
  const all = [
    start({ kind: 'increment', name: 'a', inFlight: 4, rounds: 25 }),
    start({ kind: 'increment', name: 'b', inFlight: 4, rounds: 25 }),
    start({ kind: 'write', name: 'c', inFlight: 5, rounds: 10 })
  ]
  for (const { ended } of all) t.same((await ended)[0], 0)
  const { user, total, a, b, ...written } = await data()
  t.same({ user, total, a, b }, { user: 'alice', total: 200, a: 100, b: 100 })
  t.equal(Object.keys(written).length, 50)
}
