import { inspect } from 'node:util'
import type { SessionStore } from '../../types/store.ts'
import { ownCopy } from '../base/own.ts'
import { suggestion } from '../checks/nearest.ts'
import { isExpressStore } from '../checks/other-libraries.ts'
import { type Known, remedyFor, remedyForAttribute } from '../checks/unknown-option.ts'
import { SessionOptionsError } from '../errors.ts'
import { SCHEMA } from './options-schema.ts'
import { type Mismatch, type Validated, validate } from './options-validator.ts'

const KNOWN_NAMES: Known = {
  options: Object.keys(SCHEMA.properties),
  cookie: Object.keys(SCHEMA.properties.cookie.properties)
}

const PER_USER_NAMES = Object.keys(SCHEMA.properties.perUser.properties)

/** Options whose value may hold a secret, such as a key, or a URL with a password. */
const MAY_HOLD_SECRETS: ReadonlySet<string> = new Set(['store', 'serializer', 'encryptor'])

/** These objects have no prototype, because keys that somebody adds to `Object.prototype` would be unknown options. */
export const isStore = (value: unknown): value is SessionStore =>
  value !== undefined && validate(ownCopy({ store: value, cookie: ownCopy({}), perUser: ownCopy({}) }))

/**
 * Checks the options.
 * @param options this object is changed, because the validator writes the defaults into it
 * @throws `FST_SESSION_OPTIONS`, with the option and the remedy
 */
export function validated(options: object): Validated {
  const copy: unknown = options
  if (validate(copy)) return copy
  throw new SessionOptionsError(explain(validate.errors!.at(-1)!))
}

function explain(error: Mismatch): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    if (path === 'cookie') return `unknown option "cookie.${name}": ${remedyForAttribute(name, KNOWN_NAMES)}`
    if (path === 'perUser') return `unknown option "perUser.${name}": ${suggestion(name, PER_USER_NAMES)}`
    const remedy = remedyFor(name, (error.data as Record<string, unknown>)[name], KNOWN_NAMES)
    return `unknown option "${name}": ${remedy}`
  }
  if (path === 'store' && isExpressStore(error.data)) {
    return `option "store" is a store of express-session: wrap it: fromExpressStore(store) from 'fastify-starsessions/express-store'`
  }
  return `option "${path}" must be ${error.parentSchema!.description}, but is ${describeValue(path, error.data)}`
}

function describeValue(path: string, value: unknown): string {
  if (typeof value === 'function') return 'a function or class: pass what `new` makes of it'
  if (Array.isArray(value)) return inspect(value, { depth: 0, maxArrayLength: 5, maxStringLength: 60 })
  if (typeof value === 'object' && value !== null) return 'another object'
  return MAY_HOLD_SECRETS.has(path) && typeof value === 'string' ? 'text' : inspect(value, { maxStringLength: 60 })
}
