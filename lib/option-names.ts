import { SessionOptionsError } from './errors.ts'
import { nearest } from './nearest.ts'
import { ownCopy } from './own.ts'

/**
 * Refuses options that there are not: a misspelt one would silently leave its default in place.
 * @param owner whose they are, for the message: the class or function that takes them
 * @returns a copy of the own options, which inherits nothing
 * @throws `SessionOptionsError`, with the nearest known name
 */
export function ownOptions<T extends object>(owner: string, options: T, known: readonly string[]): T {
  if (typeof options !== 'object' || options === null) {
    throw new SessionOptionsError(`${owner}: the options must be an object, with ${known.join(', ')}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const message = `unknown option "${name}": did you mean "${nearest(name, known)}"? Known are ${known.join(', ')}`
    throw new SessionOptionsError(`${owner}: ${message}`)
  }
  return ownCopy(options)
}
