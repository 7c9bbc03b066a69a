import { ID_LENGTH } from '../crypto/random.ts'
import { MAX_COOKIE_BYTES } from '../http/cookie.ts'

/** A session id must fit into the cookie beside the name: see `MAX_COOKIE_BYTES`. */
const LONGEST_NAME = MAX_COOKIE_BYTES - '='.length - ID_LENGTH
/** A token (RFC 9110, section 5.6.2). */
const TOKEN = `^[!#$%&'*+.^_\`|~0-9A-Za-z-]{1,${LONGEST_NAME}}$`
/** A name that can follow a dot, as in `request.session`. */
const IDENTIFIER = '^[A-Za-z_$][\\w$]{0,63}$'
/** No control character and no semicolon (RFC 6265, section 4.1.1), and no "<", because @fastify/cookie refuses it. */
const PATH = '^/[ -:=-~]*$'
/** A label of a host name (RFC 1034, section 3.5). A leading dot is allowed, but has no effect (RFC 6265, section 4.1.2.3). */
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const HOST = `^\\.?${LABEL}(\\.${LABEL})*$`

/** The methods that an object must have, and those that it may leave out. */
export interface Methods {
  readonly required: readonly string[]
  readonly optional?: readonly string[]
}

const STORE: Methods = {
  required: ['read', 'write', 'remove'],
  optional: ['touch', 'replace', 'move', 'forCookie', 'sharesRecordsWith']
}

/** Each description completes the sentence `option "x" must be ...`. */
export const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    store: {
      methods: STORE,
      description: 'an object with read, write and remove: InMemoryStore, CookieStore, RedisStore or your own'
    },
    lifetime: { type: ['number', 'object'], default: 0, description: 'seconds, or { days: 14 }' },
    rolling: { type: ['boolean', 'object'], default: false, description: 'true, false or { every: { minutes: 5 } }' },
    absoluteLifetime: { type: ['number', 'object'], description: 'seconds, or { days: 14 }' },
    cookieName: {
      type: 'string',
      pattern: TOKEN,
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
        'true, false, or a list of RegExps and path prefixes (a prefix begins with "/", includes the paths below it, and has no "*", "?" or "#")'
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
    perUser: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: "an object: { max, whenFull: 'end-oldest' or 'refuse' }",
      properties: {
        max: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'an integer from 1 to 1000' },
        whenFull: { enum: ['end-oldest', 'refuse'], default: 'end-oldest', description: "'end-oldest' or 'refuse'" }
      }
    },
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
