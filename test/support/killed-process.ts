import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Library, Servers } from './redis-topologies.ts'
import { sessionIn } from './session-processes.ts'
import type { SharedPlace } from './shared-stores.ts'

const IN_FLIGHT = 4

/** Starts three processes that share a session in Redis, and kills one of them. */
export const killedProcess = (t: Test, servers: Servers, library: Library, rounds: number): Promise<void> =>
  killedProcessIn(t, { kind: 'redis', servers, library }, rounds)

/** Starts three processes that increment numbers in one session, and kills one of them before it has finished. */
export async function killedProcessIn(t: Test, place: SharedPlace, rounds: number): Promise<void> {
  const { start, data } = await sessionIn(t, place)
  const increments = (name: string) => start({ kind: 'increment', name, inFlight: IN_FLIGHT, rounds })
  const each = IN_FLIGHT * rounds
  const killed = increments('killed')
  const others = ['a', 'b'].map(increments)
  while (killed.acknowledged < each / 5) await sleep(10)
  killed.child.kill('SIGKILL')
  await killed.ended
  for (const { ended } of others) t.same((await ended)[0], 0)
  const counted = (await data()) as Record<string, number>
  t.match(counted, { a: each, b: each })
  t.equal(counted.total, 2 * each + (counted.killed ?? 0), 'each increment counts once')
  t.ok((counted.killed ?? 0) >= killed.acknowledged, 'all acknowledged increments are counted')
  t.ok(
    (counted.killed ?? 0) <= killed.acknowledged + IN_FLIGHT,
    'besides them at most the increments in flight are counted'
  )
}
