import type { Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { type Action, Interleaving } from './interleave.ts'
import { connectTo, type Library, type Servers } from './redis-topologies.ts'

/** Runs each group of requests in every order of its store operations, over one server, a Cluster or Sentinel. */
export async function redisInterleavings(
  t: Test,
  servers: Servers,
  library: Library,
  groups: readonly (readonly Action[])[]
): Promise<number> {
  const { client, close } = await connectTo(servers, library)
  t.teardown(close)
  // Without the random part, a pause between two attempts is as short as it can be.
  const { random } = Math
  Math.random = () => 0
  t.teardown(() => {
    Math.random = random
  })
  const store = new RedisStore({ client })
  // Each run has a session of its own, so the records of earlier runs do not matter.
  const interleaving = await Interleaving.over(
    t,
    () => store,
    async () => undefined
  )
  return interleaving.hold(t, groups)
}
