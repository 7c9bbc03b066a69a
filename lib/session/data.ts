import { setOwn } from '../base/own.ts'
import { withoutText } from '../checks/without-secrets.ts'
import { SessionSerializeError } from '../errors.ts'
import type { Data } from '../record/record.ts'

/**
 * The data of a session are its own properties, followed by the keys that are kept aside.
 * @throws `FST_SESSION_SERIALIZE` for a getter that throws
 */
export function dataOf(session: object, aside: ReadonlyMap<string, unknown> | null): Data {
  const data: Data = {}
  for (const key of Object.keys(session)) {
    const value = read(session as Data, key)
    // `Object.defineProperty()` can add any key, even `__proto__`.
    if (value !== undefined) setOwn(data, key, value)
  }
  if (aside !== null) for (const [key, value] of aside) setOwn(data, key, value)
  return data
}

function read(session: Data, key: string): unknown {
  try {
    return session[key]
  } catch (error) {
    // `Object.defineProperty()` can add getters as well.
    throw new SessionSerializeError(`key ${JSON.stringify(key)} cannot be read: its getter throws`, {
      cause: withoutText(error)
    })
  }
}
