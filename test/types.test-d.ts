// Compiled, not run. Shows what applications may write and what must not compile, without a declaration of SessionData,
// as in a new project. test/types/ has the tests with such a declaration, as a program of its own.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Cluster, Redis } from 'ioredis'
import type { Cluster as ValkeyCluster, Redis as ValkeyRedis } from 'iovalkey'
import { createClient, createClientPool, createCluster, createSentinel, type RedisClientType } from 'redis'
import starsessions, {
  AESGCMEncryptor,
  CookieStore,
  type DefaultData,
  type Duration,
  type EncryptionKey,
  type Encryptor,
  FernetEncryptor,
  InMemoryStore,
  JsonSerializer,
  type NamedSession,
  RedisStore,
  type Replaced,
  type Serializer,
  type Session,
  type SessionError,
  type SessionErrorCode,
  type SessionMembers,
  type SessionMessages,
  type SessionMetadata,
  type SessionStore,
  SessionUnavailableError,
  type StarsessionsOptions
} from '../lib/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(_: Equal<A, B>): void

declare const app: FastifyInstance
declare const request: FastifyRequest
declare const session: Session
declare const client: Redis

// --- Data, without a declaration of SessionData: any key and value ---

// biome-ignore lint/suspicious/noExplicitAny: the one any of the contract
same<DefaultData, Record<string, any>>(true)
same<typeof request.session, Session>(true)
same<typeof request.isSessionLoaded, boolean>(true)

session.visits = (session.visits ?? 0) + 1
delete session.visits
session.set('cart', [1, 2])
same<Session, DefaultData & SessionMembers>(true)

// --- Members ---

same<Session['id'], string | undefined>(true)
same<Session['isNew'], boolean>(true)
same<Session['isModified'], boolean>(true)
same<Session['isEmpty'], boolean>(true)
same<Session['metadata'], SessionMetadata>(true)
same<Session['remainingSeconds'], number | undefined>(true)
same<ReturnType<Session['regenerateId']>, Promise<void>>(true)
same<ReturnType<Session['delete']>, boolean>(true)

// @ts-expect-error a member of the session cannot be set like data
session.id = 'chosen by somebody else'
// @ts-expect-error a member of the session cannot be set like data
session.isNew = false
// @ts-expect-error a member of the session cannot be set like data
session.metadata = { lifetime: 0, created: 0, lastAccess: 0 }
// @ts-expect-error the metadata are read-only
session.metadata.created = 0
// @ts-expect-error request.session is read-only
request.session = session
// @ts-expect-error isSessionLoaded is read-only
request.isSessionLoaded = true
// @ts-expect-error there are no callbacks, unlike in express-session
session.save(() => {})
// @ts-expect-error there are no callbacks, unlike in express-session
session.destroy(() => {})
// @ts-expect-error there are no callbacks, unlike in express-session
session.regenerate(() => {})
// @ts-expect-error there are no callbacks, unlike in express-session
session.reload(() => {})

session.regenerate(['cart'])
session.options({ maxAge: 3600 })
session.options({ maxAge: null })
session.options({ path: 'ignored, like every unknown key' })
// @ts-expect-error maxAge is a number of seconds, not text
session.options({ maxAge: '3600' })

// --- Data types for one call of loadSession() ---

interface Cart {
  items: string[]
  total?: number
}

async function ofOneCall(): Promise<void> {
  const plain = await request.loadSession()
  same<typeof plain, Session>(true)
  const cart = await request.loadSession<Cart>()
  same<typeof cart, Session<Cart>>(true)
  same<typeof cart.items, string[]>(true)
  const total = cart.get('total')
  same<typeof total, number | undefined>(true)
  const unknown = cart.get('elsewhere')
  same<typeof unknown, unknown>(true)
  const data = cart.data()
  same<typeof data, Cart>(true)
  cart.set('total', undefined)
  // @ts-expect-error total is a number
  cart.total = 'much'
  // @ts-expect-error no such key
  cart.itmes = []
  // @ts-expect-error the type of the data must be an object
  await request.loadSession<string>()
}
same<typeof ofOneCall, () => Promise<void>>(true)

// --- Routes ---

app.get('/yes', { config: { autoloadSession: true } }, async (request) => request.session.user)
app.get('/no', { config: { autoloadSession: false } }, async () => 'no')
// @ts-expect-error true or false
app.get('/text', { config: { autoloadSession: 'yes' } }, async () => '')
app.get('/named', { config: { autoloadSession: ['session', 'admin'] } }, async () => '')
app.get('/constant', { config: { autoloadSession: ['admin'] as const } }, async () => '')
// @ts-expect-error names
app.get('/pattern', { config: { autoloadSession: [/admin/] } }, async () => '')

// --- Named sessions ---

declare module 'fastify' {
  interface FastifyRequest extends NamedSession<'admin', { operator?: string }> {}
}

app.register(starsessions, { name: 'admin' })
same<typeof request.admin, Session<{ operator?: string }>>(true)
same<typeof request.isAdminLoaded, boolean>(true)
const ofAdmin = () => request.loadAdmin()
same<typeof ofAdmin, () => Promise<Session<{ operator?: string }>>>(true)
const ofThisCall = () => request.loadAdmin<Cart>()
same<typeof ofThisCall, () => Promise<Session<Cart>>>(true)
same<NamedSession<'shop'>['shop'], Session>(true)
// @ts-expect-error operator is text
request.admin.operator = 1
// @ts-expect-error request.admin is read-only
request.admin = request.session
// @ts-expect-error there is no session of this name
request.loadShop()

// --- Options ---

app.register(starsessions)
app.register(starsessions, {})
app.register(starsessions.InMemoryStore === InMemoryStore ? starsessions : starsessions, {
  rolling: true,
  lifetime: 60
})

const accepted: StarsessionsOptions[] = [
  { lifetime: 3600 },
  { lifetime: { weeks: 1, days: 2, hours: 3, minutes: 4, seconds: 5 } },
  { lifetime: { minutes: 30 }, rolling: true, absoluteLifetime: { hours: 12 } },
  { cookieName: '__Host-session', cookie: { secure: true, sameSite: 'strict', httpOnly: true, path: '/' } },
  { cookie: { secure: 'auto', sameSite: 'none', domain: 'example.org', partitioned: true, priority: 'high' } },
  { autoload: true },
  { autoload: ['/app', /^\/api/] },
  { autoload: ['/app', /^\/api/] as const },
  { store: new InMemoryStore({ gcTtl: 60, maxSessions: 10, maxBytes: 1_000_000 }), serializer: new JsonSerializer() }
]
same<typeof accepted, StarsessionsOptions[]>(true)

const refused: StarsessionsOptions[] = [
  // @ts-expect-error there is no such option
  { liftime: 3600 },
  // @ts-expect-error a lifetime is a Duration, not text
  { lifetime: '14 days' },
  // @ts-expect-error a Duration has no such part
  { lifetime: { fortnights: 1 } },
  // @ts-expect-error days are a number
  { lifetime: { days: '14' } },
  // @ts-expect-error true or false
  { rolling: 'yes' },
  // @ts-expect-error sameSite is lower case
  { cookie: { sameSite: 'Lax' } },
  // @ts-expect-error sameSite is no boolean, unlike in @fastify/cookie
  { cookie: { sameSite: true } },
  // @ts-expect-error the option `lifetime` sets Max-Age
  { cookie: { maxAge: 3600 } },
  // @ts-expect-error true, false or 'auto'
  { cookie: { secure: 'yes' } },
  // @ts-expect-error autoload is true or a list
  { autoload: '/app' },
  // @ts-expect-error a list has text and RegExps
  { autoload: [1] },
  // @ts-expect-error a store is an instance, not a class
  { store: InMemoryStore },
  // @ts-expect-error JSON has no serialize and deserialize
  { serializer: JSON },
  // @ts-expect-error a key is not an encryptor
  { encryptor: 'a key' }
]
same<typeof refused, StarsessionsOptions[]>(true)

// @ts-expect-error there is no such option, passed to register() directly
app.register(starsessions, { secret: 'express habits' })
// @ts-expect-error a lifetime is a Duration, not text
app.register(starsessions, { lifetime: '14 days' })

// --- Durations ---

same<Extract<Duration, number>, number>(true)
declare const temporal: { readonly days: number; readonly hours: number; readonly minutes: number; sign: number }
const fits: Duration = temporal
same<typeof fits extends Duration ? true : false, true>(true)

// --- Keys: undefined is accepted, because process.env may give it, and so are lists ---

same<EncryptionKey, string | Uint8Array | undefined>(true)
new CookieStore({ secretKey: process.env.SESSION_SECRET })
new CookieStore({ secretKey: [process.env.SESSION_SECRET, process.env.OLD_SECRET] })
new CookieStore({ secretKey: new Uint8Array(32), maxSize: 2048, digest: 'sha1', salt: 'salt' })
new FernetEncryptor(process.env.SESSION_KEY)
new FernetEncryptor([process.env.SESSION_KEY, new Uint8Array(32)] as const)
new AESGCMEncryptor([process.env.SESSION_KEY], { bind: false })
same<ReturnType<typeof AESGCMEncryptor.generateKey>, string>(true)
same<ReturnType<typeof FernetEncryptor.generateKey>, string>(true)
// @ts-expect-error the key is missing
new CookieStore()
// @ts-expect-error the key is missing
new CookieStore({})
// @ts-expect-error a key is text or bytes, not a number
new CookieStore({ secretKey: 1 })
// @ts-expect-error md5 is not a supported digest
new CookieStore({ secretKey: '', digest: 'md5' })
// @ts-expect-error the key is missing
new FernetEncryptor()
// @ts-expect-error a key is text or bytes, not a number
new AESGCMEncryptor(1)
// @ts-expect-error true or false
new AESGCMEncryptor(undefined, { bind: 'no' })

// --- Stores ---

new RedisStore({ client })
declare const clients: Cluster | ValkeyRedis | ValkeyCluster | RedisClientType
new RedisStore({ client: clients })
new RedisStore({ client: createClient() })
new RedisStore({ client: createClient({ RESP: 3, commandOptions: { timeout: 1000 } }) })
new RedisStore({ client: await createClient().connect() })
new RedisStore({ client: createClientPool() })
new RedisStore({ client: createClient().createPool() })
new RedisStore({ client: createCluster({ rootNodes: [] }) })
new RedisStore({ client: createSentinel({ name: 'mymaster', sentinelRootNodes: [] }) })
// @ts-expect-error a promise of a client is not a client
new RedisStore({ client: createClient().connect() })
// @ts-expect-error a client with callbacks does not fit
new RedisStore({ client: createClient().legacy() })
// @ts-expect-error a class is not a client
new RedisStore({ client: Redis })
new RedisStore({ client, prefix: (key) => `app:${key}`, gcTtl: 60, hashIds: false })
// @ts-expect-error the client is missing
new RedisStore({})
// @ts-expect-error a URL is not a client
new RedisStore({ client: 'redis://localhost' })
// @ts-expect-error there is no such option
new InMemoryStore({ ttl: 60 })

const threeMethods = {
  read: async (_sessionId: string): Promise<Uint8Array | null> => null,
  write: async (sessionId: string): Promise<string> => sessionId,
  remove: async (): Promise<void> => {}
} satisfies SessionStore
const whole: SessionStore = {
  ...threeMethods,
  touch: async () => true,
  replace: async (_sessionId, expected, data): Promise<Replaced> =>
    data === null ? { replaced: true } : { replaced: false, current: expected },
  readProlongs: true,
  ownsIds: false,
  isLocal: true,
  sharesRecordsWith: (other) => other === whole,
  forCookie: () => threeMethods
}
app.register(starsessions, { store: whole })

// @ts-expect-error text is not bytes
const reads: SessionStore = { ...threeMethods, read: async () => 'text' }
// @ts-expect-error write must return the id
const writes: SessionStore = { ...threeMethods, write: async () => {} }
// @ts-expect-error remove must not return text
const removes: SessionStore = { ...threeMethods, remove: () => 'text' }
// @ts-expect-error touch must return whether the record was found
const touches: SessionStore = { ...threeMethods, touch: async () => {} }
// @ts-expect-error a refused replace must return the current record
const replaces: SessionStore = { ...threeMethods, replace: async () => ({ replaced: false }) }
// @ts-expect-error sharesRecordsWith must not return a promise
const shares: SessionStore = { ...threeMethods, sharesRecordsWith: async () => true }
// @ts-expect-error a store of express-session does not fit
const express: SessionStore = { get() {}, set() {}, destroy() {} }
same<(typeof express)[], SessionStore[]>(true)
same<[typeof reads, typeof writes, typeof removes, typeof touches, typeof replaces, typeof shares]['length'], 6>(true)

// --- Serializers and encryptors ---

const serializer: Serializer = { serialize: () => new Uint8Array(), deserialize: () => ({}) }
const encryptor: Encryptor = { encrypt: async (data) => data, decrypt: (data) => (data.length === 0 ? null : data) }
app.register(starsessions, { serializer, encryptor })
// @ts-expect-error text is not bytes
const texts: Serializer = { serialize: JSON.stringify, deserialize: () => ({}) }
// @ts-expect-error a serializer is synchronous
const promises: Serializer = { ...serializer, deserialize: async () => ({}) }
// @ts-expect-error decrypt is missing
const half: Encryptor = { encrypt: (data) => data }
// @ts-expect-error decrypt returns null, not undefined, when it cannot decrypt
const lax: Encryptor = { ...encryptor, decrypt: () => undefined }
same<[typeof texts, typeof promises, typeof half, typeof lax]['length'], 4>(true)

// --- Errors ---

const unavailable = new SessionUnavailableError({ cause: new Error('the key service is down') })
same<typeof unavailable.code, string>(true)
const error: Error = unavailable
same<typeof error, Error>(true)
same<SessionError['code'], SessionErrorCode>(true)
const statusOf = (caught: SessionError): number => (caught.code === 'FST_SESSION_GONE' ? 409 : caught.statusCode)
// @ts-expect-error there is no such code
const noCode: SessionErrorCode = 'FST_SESSION_MISSING'
same<[typeof statusOf, typeof noCode]['length'], 2>(true)

// --- Channels ---

const seen = (message: SessionMessages['starsessions:load']): number =>
  message.found === 'session' ? message.bytes : 0
same<ReturnType<typeof seen>, number>(true)
// @ts-expect-error there is no such channel
same<SessionMessages['starsessions:nothing'], never>(true)
