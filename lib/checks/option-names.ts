import { ownCopy } from '../base/own.ts'
import { SessionOptionsError } from '../errors.ts'
import { suggestion } from './nearest.ts'
import { type Hints, hintFor } from './other-libraries.ts'

/**
 * Refuses unknown options, because a misspelt option would silently keep its default.
 * @param owner the class or function that takes the options, for the message
 * @param hints remedies for the names that other libraries use
 * @returns a copy of the options. Inherited properties are left out, and the copy has no prototype.
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

/** Whether `options` is an instance of a class, such as a Redis client that was passed without `{ client }` around it. */
function isClassInstance(options: object): boolean {
  // The prototype of a plain object has no prototype itself. This also holds for an object from another realm, such as
  // a test runner's.
  const prototype: unknown = Object.getPrototypeOf(options)
  return prototype !== null && Object.getPrototypeOf(prototype) !== null
}
