import type { RedisSubscriber } from '../../../types/clients/redis.ts'
import { SessionOptionsError } from '../../errors.ts'

/**
 * Checks the option `subscriber`.
 * @throws `FST_SESSION_OPTIONS`
 */
export function assertSubscriber(owner: string, subscriber: RedisSubscriber | undefined, client: unknown): void {
  if (subscriber === undefined) return
  const refuse = (problem: string) =>
    new SessionOptionsError(
      `${owner}: subscriber ${problem}: pass a connection of its own, as client.duplicate() makes`
    )
  if ((subscriber as unknown) === client) throw refuse('is the client, and a client that subscribes sends no commands')
  const { subscribe, options } = (subscriber ?? {}) as { subscribe?: unknown; options?: { keyPrefix?: unknown } }
  if (typeof subscribe !== 'function') throw refuse('cannot subscribe')
  if (options?.keyPrefix) throw refuse('has a keyPrefix, which would change the name of the channel')
}

/** Subscribes to a channel. The client subscribes again by itself after it has connected again. */
export async function subscribe(
  subscriber: RedisSubscriber,
  channel: string,
  listener: (message: string) => void
): Promise<void> {
  if (!('defineCommand' in subscriber)) {
    await subscriber.subscribe(channel, listener)
    return
  }
  subscriber.on('message', (from, message) => {
    if (from === channel) listener(message)
  })
  await subscriber.subscribe(channel)
}
