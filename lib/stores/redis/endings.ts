import type { RedisSubscriber } from '../../../types/clients/redis.ts'
import type { EndReason } from '../../../types/users/sessions-by-user.ts'
import { subscribe } from './subscriber.ts'

type Listener = (handles: readonly string[], reason: EndReason) => void

const REASONS: ReadonlySet<string> = new Set<EndReason>(['logout', 'ended', 'evicted', 'expired'])

/** Tells listeners which sessions have ended, from the messages that the scripts publish. */
export class Endings {
  readonly #subscriber: RedisSubscriber
  readonly #channel: () => string
  readonly #listeners = new Set<Listener>()
  #isSubscribed = false

  constructor(subscriber: RedisSubscriber, channel: () => string) {
    this.#subscriber = subscriber
    this.#channel = channel
  }

  watch(listener: Listener): () => void {
    // A function of its own, because the same listener may watch twice.
    const own: Listener = (handles, reason) => listener(handles, reason)
    this.#listeners.add(own)
    if (!this.#isSubscribed) this.#subscribe()
    return () => this.#listeners.delete(own)
  }

  async #subscribe(): Promise<void> {
    this.#isSubscribed = true
    try {
      await subscribe(this.#subscriber, this.#channel(), (message) => this.#tell(message))
    } catch (error) {
      // The next listener tries again.
      this.#isSubscribed = false
      const reason = error instanceof Error ? error.name : 'see the client'
      process.emitWarning(
        `The subscriber of a store cannot subscribe (${reason}), so it takes up to 30 seconds until session.ended aborts`,
        { type: 'StarsessionsWarning', code: 'FST_SESSION_SUBSCRIBER' }
      )
    }
  }

  #tell(message: string): void {
    const [reason = '', handles = ''] = message.split(' ')
    // Anybody who can reach Redis can publish.
    if (!REASONS.has(reason) || handles === '') return
    for (const listener of [...this.#listeners]) listener(handles.split(','), reason as EndReason)
  }
}
