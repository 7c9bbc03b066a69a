import { SessionOptionsError } from '../errors.ts'
import { ownCopy } from '../own.ts'
import { suggestion } from './nearest.ts'
import { type Hints, hintFor } from './other-libraries.ts'

/**
 * Refuses options that there are not: a misspelt one would silently leave its default in place.
 * @param owner whose they are, for the message: the class or function that takes them
 * @param hints for names that other libraries have
 * @returns a copy of the own options, which inherits nothing
 * @throws `SessionOptionsError`, with the remedy
 */
export function ownOptions<T extends object>(
  owner: string,
  options: T,
  known: readonly string[],
  hints: Hints = {}
): T {
  if (typeof options !== 'object' || options === null) {
    throw new SessionOptionsError(`${owner}: the options must be an object, with ${known.join(', ')}`)
  }
  if (isClassInstance(options) && !known.some((name) => Object.hasOwn(options, name))) {
    throw new SessionOptionsError(
      `${owner}: the options must be a plain object, with ${known.join(', ')}: write \`{ ${known[0]}: ... }\``
    )
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const hint = hintFor(name, hints)
    const remedy = hint === undefined ? suggestion(name, known) : `${hint} Known are ${known.join(', ')}`
    throw new SessionOptionsError(`${owner}: unknown option "${name}": ${remedy}`)
  }
  return ownCopy(options)
}

/** A client, or anything else that was passed by itself instead of in an object. */
function isClassInstance(options: object): boolean {
  // A plain object's prototype has none itself, also in another realm, such as a test runner's.
  const prototype: unknown = Object.getPrototypeOf(options)
  return prototype !== null && Object.getPrototypeOf(prototype) !== null
}
