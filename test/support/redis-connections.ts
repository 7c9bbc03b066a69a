import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** The number of clients of the server, including `observer`. */
export async function connections(observer: Redis): Promise<number> {
  return String(await observer.client('LIST'))
    .trim()
    .split('\n').length
}

/** Waits until `observer` is the only client, because a server notices closed connections only after a while. */
export async function othersHaveGone(observer: Redis): Promise<boolean> {
  for (let left = 500; left > 0; left--) {
    if ((await connections(observer)) === 1) return true
    await sleep(10)
  }
  return false
}
