import type { ExpressSessionStore } from '../../types/clients/express-store.ts'
import { isObject } from '../base/is-object.ts'

/**
 * Remedies for options of other session libraries. Each key is the other library's name for the option, as `plainName()`
 * gives it. Each value is a sentence that says what to do in this library.
 */
export type Hints = Readonly<Record<string, string>>

/** The name in lower case, without "-" and "_": so `max_age` and `maxAge` are the same. */
export const plainName = (name: string): string => name.replace(/[-_]/g, '').toLowerCase()

const hints = (groups: Record<string, string>): Hints =>
  Object.fromEntries(Object.entries(groups).flatMap(([names, hint]) => names.split(' ').map((name) => [name, hint])))

export const hintFor = (name: string, from: Hints): string | undefined =>
  Object.hasOwn(from, plainName(name)) ? from[plainName(name)] : undefined

const LEAVE_OUT_IDS = 'leave it out: the library makes the ids, of 256 random bits.'

/** Whether a value has the methods of a store of express-session, which the stores of @fastify/session have as well. */
export const isExpressStore = (value: unknown): value is ExpressSessionStore =>
  isObject(value) && ['get', 'set', 'destroy'].every((name) => typeof value[name] === 'function')

/** Remedies for options of the plugin. */
export const PLUGIN_HINTS: Hints = hints({
  'maxage ttl expires expiry duration age': 'it is "lifetime" here, in seconds.',
  'activeduration touchafter renew': 'it is `rolling: true` here, with "lifetime": the seconds of inactivity.',
  'secret secrets key keys password encryptionkey salt signed algorithm':
    'only a CookieStore needs a secret, `store: new CookieStore({ secretKey })`, and an encryptor a key. The name of the cookie is "cookieName".',
  'saveuninitialized storeblank': 'leave it out: an empty session is never stored.',
  'resave autocommit': 'leave it out: a session is stored when it has changed.',
  unset: 'leave it out: `await session.destroy()` ends a session.',
  'genid idgenerator generateid cookieprefix customsessionidgenerator': LEAVE_OUT_IDS,
  'proxy trustproxy': "it is Fastify's own option: `Fastify({ trustProxy: true })`.",
  'sessionname requestkey decorator': 'it is "name" here: \'admin\' gives `request.admin`.',
  'cookieoptions cookieopts': 'it is "cookie" here.',
  'httpsonly cookiehttpsonly': 'it is `cookie: { secure: true }` here, which is the default.',
  'client redis redisclient url': 'it belongs to the store: `store: new RedisStore({ client })`.',
  'secretkey maxsize digest': 'it belongs to the store: `store: new CookieStore({ secretKey })`.',
  'hashids gcttl': 'it belongs to the store: `store: new RedisStore({ client, ... })`.',
  'maxsessions maxbytes': 'it belongs to the store: `store: new InMemoryStore({ ... })`.',
  'encode decode overwrite': 'leave it out: the library encodes the cookie itself.'
})

/** Remedies for attributes in `cookie`. */
export const COOKIE_HINTS: Hints = hints({
  'maxage expires': 'it is "lifetime" here, beside "cookie", in seconds.',
  name: 'it is "cookieName" here, beside "cookie".',
  'secret secrets keys signed': 'only a CookieStore needs a secret: `store: new CookieStore({ secretKey })`.',
  'encode decode overwrite': 'leave it out: the library encodes the cookie itself.'
})

/** Remedies for options of any store. */
export const STORE_HINTS: Hints = hints({
  'lifetime maxage ttl expires expiration':
    'how long a session lasts is the option "lifetime" of the plugin, in seconds, beside "store".',
  'rolling absolutelifetime cookie cookiename serializer encryptor autoload concurrency storetimeout':
    'it is an option of the plugin, beside "store".',
  'checkperiod prune pruneinterval': 'leave it out: expired sessions go by themselves.',
  'disabletouch disablettl scancount': 'leave it out.'
})

export const REDIS_HINTS: Hints = {
  ...STORE_HINTS,
  ...hints({
    'url uri host port path socket username user password db database tls redis redisclient connection connectionstring nodes sentinels cluster':
      'make a client and pass it as `client`: `new RedisStore({ client: new Redis(...) })`.',
    keyprefix: 'it is "prefix" here.'
  })
}

/** A CookieStore has an encryptor of its own. */
const { encryptor: _encryptor, ...HINTS_BUT_ENCRYPTOR } = STORE_HINTS

export const COOKIE_STORE_HINTS: Hints = {
  ...HINTS_BUT_ENCRYPTOR,
  ...hints({
    'secret secrets key keys password signingkey cookiesecret':
      'it is "secretKey" here: text or bytes, or a list of them.'
  })
}

const SQL_TABLE = {
  'tablename collection': 'it is "table" here.',
  'createtableifmissing createtable initialize autocreate': 'call `store.createTable()` instead.',
  'prunesessioninterval pruneonstart clearinterval cleanupinterval expirationinterval clear':
    'leave it out: writes delete expired sessions now and then, and `store.sweep()` does so at once.'
}

export const POSTGRES_HINTS: Hints = {
  ...STORE_HINTS,
  ...hints({
    ...SQL_TABLE,
    'url uri host port user username password database ssl pool pg db sql conobject connection connectionstring constring':
      'make a client and pass it as `client`: `new PostgresStore({ client: new Pool(...) })`.',
    schemaname: 'it is "schema" here.'
  })
}

export const SQLITE_HINTS: Hints = {
  ...STORE_HINTS,
  ...hints({
    ...SQL_TABLE,
    'client db sqlite connection file filename path url dir concurrentdb':
      'open the database and pass it as `database`: `new SqliteStore({ database: new Database(file) })`.'
  })
}
