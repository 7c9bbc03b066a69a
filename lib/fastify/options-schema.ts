import { inspect } from 'node:util'
import { Ajv, type ErrorObject } from 'ajv'
import type { CookieOptions, StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'
import { type Known, remedyFor, remedyForAttribute } from '../checks/unknown-option.ts'
import { ID_LENGTH } from '../crypto/random.ts'
import { SessionOptionsError } from '../errors.ts'
import { MAX_COOKIE_BYTES } from '../http/cookie.ts'

/** A token (RFC 9110, section 5.6.2). */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
/** A session id must fit into the cookie beside the name: see `MAX_COOKIE_BYTES`. */
const LONGEST_NAME = MAX_COOKIE_BYTES - '='.length - ID_LENGTH
/** A name that can follow a dot, as in `request.session`. */
const IDENTIFIER = '^[A-Za-z_$][\\w$]{0,63}$'
/** No control character and no semicolon (RFC 6265, section 4.1.1), and no "<", because @fastify/cookie refuses it. */
const PATH = '^/[ -:=-~]*$'
/** A label of a host name (RFC 1034, section 3.5). A leading dot is allowed, but has no effect (RFC 6265, section 4.1.2.3). */
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const HOST = `^\\.?${LABEL}(\\.${LABEL})*$`

const STORE: Methods = {
  required: ['read', 'write', 'remove'],
  optional: ['touch', 'replace', 'forCookie', 'sharesRecordsWith']
}

/** Each description completes the sentence `option "x" must be ...`. */
const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    store: {
      methods: STORE,
      description: 'an object with read, write and remove: InMemoryStore, CookieStore, RedisStore or your own'
    },
    lifetime: { type: ['number', 'object'], default: 0, description: 'seconds, or { days: 14 }' },
    rolling: { type: 'boolean', default: false, description: 'true or false' },
    absoluteLifetime: { type: ['number', 'object'], description: 'seconds, or { days: 14 }' },
    cookieName: {
      type: 'string',
      pattern: TOKEN,
      maxLength: LONGEST_NAME,
      description: `a token of RFC 6265, letters, digits and !#$%&'*+-.^_\`|~, of at most ${LONGEST_NAME} characters`
    },
    cookie: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'an object of cookie attributes',
      properties: {
        path: {
          type: 'string',
          pattern: PATH,
          default: '/',
          description: 'a path that begins with "/", in ASCII without control characters, ";" and "<"'
        },
        domain: {
          type: 'string',
          pattern: HOST,
          description: 'a host name such as example.com, without protocol, port and path'
        },
        sameSite: { enum: ['lax', 'strict', 'none'], default: 'lax', description: "'lax', 'strict' or 'none'" },
        secure: { enum: [true, false, 'auto'], default: true, description: "true, false or 'auto'" },
        httpOnly: { type: 'boolean', default: true, description: 'true or false' },
        partitioned: { type: 'boolean', default: false, description: 'true or false' },
        priority: { enum: ['low', 'medium', 'high'], description: "'low', 'medium' or 'high'" }
      }
    },
    autoload: {
      default: false,
      anyOf: [
        { type: 'boolean' },
        { type: 'array', items: { anyOf: [{ type: 'string', pattern: '^/[^*?#]*$' }, { instanceof: 'RegExp' }] } }
      ],
      description:
        'true, false, or a list of RegExps and of path prefixes, which begin with "/" and stand for all below, too: they have no "*", "?" and "#"'
    },
    serializer: {
      methods: { required: ['serialize', 'deserialize'] },
      description: 'an object with serialize and deserialize'
    },
    encryptor: {
      methods: { required: ['encrypt', 'decrypt'] },
      description: 'an object with encrypt and decrypt: FernetEncryptor, AESGCMEncryptor or your own'
    },
    concurrency: { enum: ['merge', 'reject'], default: 'merge', description: "'merge' or 'reject'" },
    storeTimeout: { type: ['number', 'object'], default: 5, description: 'seconds, at least 1' },
    name: {
      type: 'string',
      pattern: IDENTIFIER,
      default: 'session',
      description:
        'an identifier of at most 64 characters: \'admin\' gives request.admin and request.loadAdmin() (the name of the cookie is "cookieName")'
    }
  }
}

const KNOWN_NAMES: Known = {
  options: Object.keys(SCHEMA.properties),
  cookie: Object.keys(SCHEMA.properties.cookie.properties)
}

/** Options whose value may hold a secret, such as a key, or a URL with a password. */
const MAY_HOLD_SECRETS: ReadonlySet<string> = new Set(['store', 'serializer', 'encryptor'])

interface Methods {
  required: readonly string[]
  optional?: readonly string[]
}

const isFunction = (value: unknown): boolean => typeof value === 'function'

function hasMethods({ required, optional = [] }: Methods, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const members = value as Record<string, unknown>
  return (
    required.every((name) => isFunction(members[name])) &&
    optional.every((name) => members[name] === undefined || isFunction(members[name]))
  )
}

const validate = new Ajv({ useDefaults: true, verbose: true, allowUnionTypes: true, strictTypes: false })
  .addKeyword({ keyword: 'methods', validate: hasMethods })
  .addKeyword({
    keyword: 'instanceof',
    validate: (name: string, value: unknown) => Object.prototype.toString.call(value) === `[object ${name}]`
  })
  .compile<Validated>(SCHEMA)

/** The options with the defaults of the schema filled in. */
export type Validated = Omit<StarsessionsOptions, 'cookie'> &
  Required<Pick<StarsessionsOptions, 'name' | 'lifetime' | 'rolling' | 'autoload' | 'concurrency' | 'storeTimeout'>> & {
    cookie: Required<Omit<CookieOptions, 'domain' | 'priority'>> & CookieOptions
  }

export const isStore = (value: unknown): value is SessionStore => hasMethods(STORE, value)

/**
 * Checks the options.
 * @param options this object is changed, because Ajv writes the defaults into it
 * @throws `FST_SESSION_OPTIONS`, with the option and the remedy
 */
export function validated(options: object): Validated {
  const copy: unknown = options
  if (validate(copy)) return copy
  throw new SessionOptionsError(explain(validate.errors!.at(-1)!))
}

function explain(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const { description } = error.parentSchema as { description?: string }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    const remedy =
      path === ''
        ? remedyFor(name, (error.data as Record<string, unknown>)[name], KNOWN_NAMES)
        : remedyForAttribute(name, KNOWN_NAMES)
    return `unknown option "${path === '' ? name : `${path}.${name}`}": ${remedy}`
  }
  return `option "${path}" must be ${description}, but is ${describeValue(path, error.data)}`
}

function describeValue(path: string, value: unknown): string {
  if (typeof value === 'function') return 'a function or class: pass what `new` makes of it'
  if (Array.isArray(value)) return inspect(value, { depth: 0, maxArrayLength: 5, maxStringLength: 60 })
  if (typeof value === 'object' && value !== null) return 'another object'
  return MAY_HOLD_SECRETS.has(path) && typeof value === 'string' ? 'text' : inspect(value, { maxStringLength: 60 })
}
