import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** How many clients the server has, the one that asks among them. */
export async function connections(observer: Redis): Promise<number> {
  return String(await observer.client('LIST'))
    .trim()
    .split('\n').length
}

/** Resolves when the one who asks is the only client: a server notices a closed connection when it comes round to it. */
export async function othersHaveGone(observer: Redis): Promise<boolean> {
  for (let left = 500; left > 0; left--) {
    if ((await connections(observer)) === 1) return true
    await sleep(10)
  }
  return false
}
