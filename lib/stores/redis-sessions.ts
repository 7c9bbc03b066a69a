import type { RedisSessionsOptions } from '../../types/stores.ts'
import type { Enlisted, ListEntry, Listing, SessionsByUser, WhichSessions } from '../../types/users/sessions-by-user.ts'
import { ownOptions } from '../checks/option-names.ts'
import { REDIS_HINTS } from '../checks/other-libraries.ts'
import { explained } from './redis/explained.ts'
import { keyMaker, sampleOf } from './redis/keys.ts'
import { recognise } from './redis/recognise.ts'
import { assertSubscriber } from './redis/subscriber.ts'
import { RedisUsers } from './redis/users.ts'

/**
 * The list of each user's sessions in Redis, for sessions that live elsewhere: `new CookieStore({ secretKey, byUser: new
 * RedisSessions({ client }) })`. It keeps one hash for each user and no session data.
 */
export class RedisSessions implements SessionsByUser {
  /** Only with a `subscriber`. */
  readonly watch: SessionsByUser['watch']
  readonly #users: RedisUsers

  /**
   * @param options only `client` is required
   * @throws `FST_SESSION_OPTIONS` if the client is not supported, or an option is unknown or wrong
   */
  constructor(options: RedisSessionsOptions) {
    const own = ownOptions('RedisSessions', options, ['client', 'prefix', 'subscriber'], REDIS_HINTS)
    const { client, prefix = 'starsessions.', subscriber } = own
    const keyOf = keyMaker('RedisSessions', prefix)
    sampleOf(keyOf)
    const commands = recognise(client)
    assertSubscriber('RedisSessions', subscriber, client)
    const run = (...call: Parameters<typeof commands.run>) =>
      explained(commands, commands.run(...call), (answer) => answer)
    // There are no records, so nobody asks for their names or times.
    this.#users = new RedisUsers({ run, nameOf: String, keyOf, milliseconds: Number }, subscriber)
    this.watch = this.#users.watch
  }

  /** Enters a session into the list. There is no record to store. */
  enlist(_id: string, _data: Uint8Array, _lifetime: number, _ttl: number, listing: Listing): Promise<Enlisted> {
    return this.#users.enlist('', NOTHING, 0, 0, listing)
  }

  /** Takes a session out of the list. */
  delist(_id: string, user: string, handle: string): Promise<unknown> {
    return this.#users.delist('', user, handle)
  }

  /** Lists the sessions of a user. */
  list(user: string): Promise<ListEntry[]> {
    return this.#users.list(user)
  }

  /** Ends sessions of a user. When it resolves, `isListed` is `false` for them. */
  end(user: string, which: WhichSessions): Promise<string[]> {
    return this.#users.end(user, which)
  }

  /** Whether a session is in the list. */
  isListed(user: string, handle: string): Promise<boolean> {
    return this.#users.isListed(user, handle)
  }
}

const NOTHING = new Uint8Array(0)
