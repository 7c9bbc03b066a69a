import { Ajv, type ErrorObject } from 'ajv'
import type { CookieOptions, Expiry, ResolvedCookie, Settings, StarsessionsOptions } from '../types/options.ts'
import type { SessionStore } from '../types/store.ts'
import { MAX_COOKIE_BYTES } from './cookie.ts'
import { toSeconds } from './duration.ts'
import { SessionOptionsError } from './errors.ts'
import { nearest } from './nearest.ts'
import { JsonSerializer } from './serializers/json.ts'
import { ID_LENGTH } from './session-id.ts'
import { InMemoryStore } from './stores/memory.ts'

/** RFC 9110, section 5.6.2. */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
/** Beside a longer one a session id has no place: see `MAX_COOKIE_BYTES`. */
const LONGEST_NAME = MAX_COOKIE_BYTES - '='.length - ID_LENGTH
/** What a request's member may be called with a dot. */
const IDENTIFIER = '^[A-Za-z_$][\\w$]{0,63}$'
/** RFC 6265, section 4.1.1: no control characters and no semicolon. And no "<", which @fastify/cookie does not take. */
const PATH = '^/[ -:=-~]*$'
/** RFC 1034, section 3.5; the dot in front is from RFC 2109, and means nothing any more (RFC 6265, section 4.1.2.3). */
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const HOST = `^\\.?${LABEL}(\\.${LABEL})*$`

const STORE: Methods = { required: ['read', 'write', 'remove'], optional: ['touch', 'replace', 'forCookie'] }

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
      description: "an identifier of at most 64 characters: 'admin' gives request.admin and request.loadAdmin()"
    }
  }
}

/** What other session libraries have, and what it is here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  maxAge: 'it is "lifetime" here, in seconds.',
  ttl: 'it is "lifetime" here, in seconds.',
  'cookie.maxAge': 'it is "lifetime" here, beside "cookie", in seconds.',
  'cookie.expires': 'it is "lifetime" here, beside "cookie", in seconds.',
  secret: 'only a CookieStore needs one: `store: new CookieStore({ secretKey })`.',
  saveUninitialized: 'leave it out: an empty session is never stored.',
  resave: 'leave it out: a session is stored when it has changed.'
}

/** Fastify puts its own register options beside ours. */
const FASTIFY_OPTIONS: ReadonlySet<string> = new Set(['prefix', 'logLevel', 'logSerializers'])

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

type Validated = Omit<StarsessionsOptions, 'cookie'> &
  Required<Pick<StarsessionsOptions, 'name' | 'lifetime' | 'rolling' | 'autoload' | 'concurrency' | 'storeTimeout'>> & {
    cookie: Required<Omit<CookieOptions, 'domain' | 'priority'>> & CookieOptions
  }

/**
 * The options after validation and defaults, frozen; the caller's object is left as it is.
 * @throws `FST_SESSION_OPTIONS`, naming the option and the remedy
 */
export function resolveOptions(options: StarsessionsOptions): Settings {
  // Ajv writes its defaults into what it is given.
  const copy: unknown = {
    ...ours(options),
    ...(isPlain(options.cookie) && { cookie: withoutUndefined(options.cookie) })
  }
  if (!validate(copy)) throw new SessionOptionsError(explain(validate.errors!.at(-1)!))
  const { name, cookieName = name, autoload, encryptor, serializer = new JsonSerializer() } = copy
  const cookie = resolveCookie(cookieName, copy.cookie)
  return Object.freeze({
    name,
    store: storeFor(cookieName, copy.store ?? new InMemoryStore()),
    expiry: resolveExpiry(copy),
    cookieName,
    cookie,
    // Copies: matching moves a RegExp's lastIndex, and the caller may still change the list.
    autoload: typeof autoload === 'boolean' ? autoload : Object.freeze(autoload.map(copyOfPattern)),
    serializer,
    encryptor,
    concurrency: copy.concurrency,
    storeTimeout: resolveStoreTimeout(copy)
  })
}

function storeFor(cookieName: string, store: SessionStore): SessionStore {
  if (store.forCookie === undefined) return store
  const bound: unknown = store.forCookie(cookieName)
  if (hasMethods(STORE, bound)) return bound as SessionStore
  throw new SessionOptionsError('option "store": forCookie() must return an object with read, write and remove')
}

const copyOfPattern = (pattern: string | RegExp): string | RegExp =>
  typeof pattern === 'string' ? pattern : new RegExp(pattern)

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutUndefined(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

function ours(options: StarsessionsOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(withoutUndefined(options)).filter(([name]) => !FASTIFY_OPTIONS.has(name)))
}

function resolveExpiry(options: Validated): Expiry {
  const lifetime = toSeconds('lifetime', options.lifetime)
  const { rolling } = options
  if (rolling && lifetime === 0) {
    throw new SessionOptionsError('option "rolling" needs a "lifetime": the seconds of inactivity after which it ends')
  }
  if (options.absoluteLifetime === undefined) return Object.freeze({ lifetime, rolling, absoluteLifetime: undefined })
  const absoluteLifetime = toSeconds('absoluteLifetime', options.absoluteLifetime)
  if (!rolling) {
    throw new SessionOptionsError(
      'option "absoluteLifetime" needs "rolling": without it, "lifetime" is the absolute one'
    )
  }
  if (absoluteLifetime < lifetime) {
    throw new SessionOptionsError('option "absoluteLifetime" must not be below "lifetime"')
  }
  return Object.freeze({ lifetime, rolling, absoluteLifetime })
}

function resolveStoreTimeout(options: Validated): number {
  const storeTimeout = toSeconds('storeTimeout', options.storeTimeout)
  if (storeTimeout > 0) return storeTimeout
  throw new SessionOptionsError('option "storeTimeout" must be at least 1 second: a request must not wait forever')
}

/** Combinations that browsers reject (RFC 6265bis, sections 4.1.3 and 5.7). */
function resolveCookie(name: string, { domain, priority, ...cookie }: Validated['cookie']): ResolvedCookie {
  const lower = name.toLowerCase()
  const needSecure = (what: string): void => {
    if (cookie.secure !== true) throw new SessionOptionsError(`${what} needs option "cookie.secure" to be true`)
  }
  if (lower.startsWith('__secure-')) needSecure('option "cookieName" with the prefix __Secure-')
  if (lower.startsWith('__host-')) {
    needSecure('option "cookieName" with the prefix __Host-')
    if (domain !== undefined) {
      throw new SessionOptionsError('option "cookie.domain" must not be set with a __Host- name: remove one of them')
    }
    if (cookie.path !== '/') throw new SessionOptionsError('option "cookie.path" must be "/" with a __Host- name')
  }
  if (cookie.sameSite === 'none') needSecure('option "cookie.sameSite" \'none\'')
  if (cookie.partitioned) needSecure('option "cookie.partitioned"')
  return Object.freeze({ ...cookie, domain, priority })
}

function explain(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const schema = error.parentSchema as { description?: string; properties: object }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    const known = Object.keys(schema.properties)
    const scope = path === '' ? '' : `${path}.`
    const option = scope + name
    const hint = Object.hasOwn(ELSEWHERE, option)
      ? ELSEWHERE[option]
      : `did you mean "${scope}${nearest(name, known)}"?`
    return `unknown option "${option}": ${hint} Known are ${known.join(', ')}`
  }
  return `option "${path}" must be ${schema.description}`
}
