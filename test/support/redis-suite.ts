import type { Test } from 'tap'
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis.ts'
import { PAIRS } from './interleave.ts'
import { killedProcess } from './killed-process.ts'
import { redisInterleavings } from './redis-interleavings.ts'
import { connectTo, LIBRARIES, type Library, type Servers } from './redis-topologies.ts'
import { sharedSession } from './session-processes.ts'
import { storeConformance } from './store-conformance.ts'

/**
 * What must hold over Redis, of however many servers it is made, and whoever speaks to it.
 * @param processes the library that several processes use: they take long to start, and one will do
 */
export async function redisSuite(t: Test, servers: Servers, processes: Library): Promise<void> {
  await conformance(t, servers)
  for (const library of LIBRARIES) {
    await t.test(`${library}: two requests, in every order of their store operations`, (t) =>
      redisInterleavings(t, servers, library, PAIRS)
    )
  }
  await t.test(`${processes}: three processes, of 100 increments, 100 increments and 50 writes`, (t) =>
    severalProcesses(t, servers, processes)
  )
  await t.test(`${processes}: a process that is killed midway: what it acknowledged is kept, and counted once`, (t) =>
    killedProcess(t, servers, processes, 100)
  )
}

/** Where keys go: each anywhere, all into one slot, or as a function has it. */
const prefixesFor = (library: Library): Record<string, NonNullable<RedisStoreOptions['prefix']>> => ({
  'a prefix': `${library}:`,
  'a hash tag': `{${library}}:`,
  'a function that makes hash tags': (key) => `${library}:{${key.slice(0, 1)}}${key.slice(1)}`
})

/** All at once: what takes the time is waiting for keys to expire. */
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
