import { SessionKeyError } from '../errors.ts'
import { METADATA_KEY } from '../metadata.ts'

/** The error for a key that cannot be a property of a session. */
export const memberRefusal = (key: string): Error =>
  key === METADATA_KEY
    ? new SessionKeyError(`"${key}" is reserved for the library: use another key`)
    : new SessionKeyError(`"${key}" is a session member: use session.set(${JSON.stringify(key)}, value)`)

const inherited = (key: string) => Object.getOwnPropertyDescriptor(Object.prototype, key)

/**
 * Refuses assignments to the members of a session. An assignment would shadow a method. A setter refuses the assignment,
 * also in sloppy mode and in Object.assign().
 * @returns the members, the names that every object inherits, and the metadata's key
 */
export function reserveMembers(prototype: object): ReadonlySet<string> {
  const reserved = new Set([
    ...Object.getOwnPropertyNames(prototype),
    ...Object.getOwnPropertyNames(Object.prototype),
    METADATA_KEY
  ])
  for (const key of reserved) {
    const own = Object.getOwnPropertyDescriptor(prototype, key)
    const value: unknown = key === '__proto__' ? prototype : (own ?? inherited(key))?.value
    Object.defineProperty(prototype, key, {
      get: own?.get ?? (() => value),
      set() {
        throw memberRefusal(key)
      },
      enumerable: false,
      configurable: false
    })
  }
  return reserved
}
