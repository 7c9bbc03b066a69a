import type { Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { InterleavingOptions } from '../../types/store-conformance.ts'
import { connectTo, type Library, type Servers } from './redis-topologies.ts'
import { storeInterleavings } from './store-conformance.ts'

/** Runs overlapping requests in every order of their store operations, over one server, a Cluster or Sentinel. */
export async function redisInterleavings(
  t: Test,
  servers: Servers,
  library: Library,
  options: InterleavingOptions = {},
  some?: (index: number) => boolean
): Promise<number> {
  const { client, close } = await connectTo(servers, library)
  t.teardown(close)
  const store = new RedisStore({ client })
  return storeInterleavings(t, async () => ({ store }), options, some)
}
