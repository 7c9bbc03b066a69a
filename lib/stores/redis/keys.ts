import { SessionOptionsError } from '../../errors.ts'

/**
 * The function that makes the key for a name.
 * @throws `FST_SESSION_OPTIONS`
 */
export function keyMaker(owner: string, prefix: string | ((key: string) => string)): (key: string) => string {
  if (typeof prefix === 'string') return (key) => prefix + key
  if (typeof prefix !== 'function') throw new SessionOptionsError(`${owner}: prefix must be text or a function`)
  let last = { key: '', full: '' }
  return (key) => {
    const full: unknown = prefix(key)
    if (typeof full !== 'string') throw badPrefix(owner, 'must return text')
    if (full === last.full && key !== last.key) throw badPrefix(owner, 'returns the same text for two keys')
    last = { key, full }
    return full
  }
}

const badPrefix = (owner: string, fault: string): Error =>
  new SessionOptionsError(
    `${owner}: prefix(key) ${fault}: it must make another text of each key, for example (key) => 'shop:' + key. Otherwise all visitors would share one session`
  )

/**
 * The key of a fixed name, for comparing stores. It is `undefined` if the prefix function works only within a request.
 * @throws `FST_SESSION_OPTIONS` if the prefix function does not make another key for each session
 */
export function sampleOf(toKey: (sessionId: string) => string): string | undefined {
  try {
    toKey('another id')
    return toKey('an id')
  } catch (error) {
    if (error instanceof SessionOptionsError) throw error
    return undefined
  }
}
