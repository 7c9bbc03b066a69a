import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { promised } from '../../lib/base/when.ts'
import { isInstance, SessionTooLargeError, SessionUnavailableError } from '../../lib/errors.ts'
import { Encryption } from '../../lib/record/encryption.ts'
import { GuardedStore } from '../../lib/record/guarded-store.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import type { SessionStore } from '../../types/store.ts'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'

const BYTES = Buffer.from('{}')
const SECRET = 'a-secret-of-the-store'

const alive = setInterval(() => undefined, 60_000)
t.teardown(() => clearInterval(alive))

const unhandled: unknown[] = []
const note = (error: unknown) => unhandled.push(error)
process.on('unhandledRejection', note)
t.teardown(() => process.off('unhandledRejection', note))

function boom(): never {
  throw new Error(SECRET)
}

function trap(...keys: string[]): Error {
  const error = new Error(SECRET)
  for (const key of keys) Object.defineProperty(error, key, { get: boom })
  return error
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** Values that an object may throw, or reject with. */
const THROWN: Record<string, () => unknown> = {
  'an error': () => new Error(SECRET),
  'a string': () => SECRET,
  undefined: () => undefined,
  null: () => null,
  'a number': () => 7,
  'a symbol': () => Symbol(SECRET),
  'a function': () => boom,
  'a frozen error': () => Object.freeze(new Error(SECRET)),
  'an error whose stack is a list': () => Object.assign(new Error(SECRET), { stack: [SECRET] }),
  'an error whose stack cannot be read': () => trap('stack'),
  'an error of which nothing can be read': () => trap('stack', 'name', 'message', 'code', 'cause', 'statusCode'),
  'an error whose fields are objects': () => Object.assign(new Error(), { name: {}, message: {}, code: {}, stack: {} }),
  'an error that says another status': () => Object.assign(new Error(SECRET), { statusCode: 200, code: 'OK' }),
  'a revoked Proxy': () => revoked(new Error(SECRET)),
  'a Proxy that throws': () => new Proxy(new Error(SECRET), { get: boom, getPrototypeOf: boom, has: boom }),
  'an object without a prototype': () => Object.create(null),
  'an error with a cause that cannot be read': () => new Error(SECRET, { cause: trap('stack', 'message') }),
  'our own error, with a message of its own': () =>
    Object.assign(new SessionUnavailableError(), { message: SECRET, statusCode: 200 })
}

/** Answers that do not fit, for the methods whose answer is checked. */
const NONSENSE: Record<string, () => unknown> = {
  'a promise of a revoked Proxy': async () => ({ replaced: false, current: revoked(BYTES) }),
  'an object whose getters throw': () =>
    Object.defineProperties({}, { replaced: { get: boom }, byteLength: { get: boom } }),
  'an object of another type': () => new Map(),
  'a Proxy of bytes': () => new Proxy(BYTES, {})
}

/** Answers that never resolve or reject. */
const BROKEN: Record<string, () => unknown> = {
  'a revoked Proxy': () => revoked({}),
  'a Proxy that throws': () => new Proxy({}, { get: boom, has: boom }),
  'a thenable whose then cannot be read': () => Object.defineProperty({}, 'then', { get: boom }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  'a thenable that throws': () => ({ then: boom }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  'a thenable that never settles': () => ({ then: () => undefined }),
  'a thenable that settles twice': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      reject(new Error(SECRET))
      resolve(BYTES)
      reject(new Error(SECRET))
      boom()
    }
  }),
  'a thenable that settles late': () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (_: unknown, reject: (error: unknown) => void) => void setTimeout(reject, 120, new Error(SECRET))
  }),
  'a promise that never settles': () => new Promise(() => undefined),
  'a promise that rejects late': () => new Promise((_, reject) => setTimeout(reject, 120, new Error(SECRET))),
  'a promise that says it is another': () => Object.defineProperty(Promise.resolve(7), 'constructor', { get: boom }),
  'a promise with its own then': () => Object.defineProperty(Promise.resolve(7), 'then', { value: boom })
}

const SECONDS = 0.05

/** Calls each method of a store and of an encryptor that always answers with `answer`. */
const METHODS: Record<string, (answer: () => unknown) => unknown> = {
  'store.read': (read) => storeWith({ read }).read('id', 0),
  'store.write': (write) => storeWith({ write }).write('id', BYTES, 0, 0),
  'store.remove': (remove) => storeWith({ remove }).remove('id'),
  'store.touch': (touch) => storeWith({ touch }).touch('id', 0, 0),
  'store.replace': (replace) => storeWith({ replace }).replace('id', BYTES, BYTES, 0, 0),
  'store.replace, with nothing': (replace) => storeWith({ replace }).replace('id', BYTES, null, 0, 0),
  'the steps of a store without replace': (read) => storeWith({ read }).replace('id', BYTES, BYTES, 0, 0),
  'encryptor.encrypt': (encrypt) => encryptionWith({ encrypt }).encrypt(BYTES, 'id'),
  'encryptor.decrypt': (decrypt) => encryptionWith({ decrypt }).decrypt(BYTES, 'id')
}

const storeWith = (methods: object) =>
  new GuardedStore(Object.assign(new MapStore(), methods) as unknown as SessionStore, SECONDS)
const encryptionWith = (methods: object) => new Encryption(methods as Encryptor, 'session', SECONDS)

/** Checks that a call rejects with the error of this library, and that no part of the error has the text of the object. */
async function isUnavailable(t: Test, call: () => unknown, what: string) {
  const error = await promised(call).then(
    (value) => t.fail(`${what}: answered ${String(value)}`),
    (error: unknown) => error as SessionUnavailableError & { cause?: Error }
  )
  if (!(error instanceof SessionUnavailableError)) {
    t.fail(what)
    return
  }
  const { message, statusCode, code, cause } = error
  t.same([message, statusCode, code], ['The session store is unavailable', 503, 'FST_SESSION_STORE'], what)
  t.ok(cause instanceof Error, `${what}: the cause is for the log`)
  const texts = [cause?.name, cause?.stack].map(String)
  t.notMatch(texts.join().replaceAll(String(cause?.message), ''), SECRET, what)
}

t.test('any value that a method throws or rejects with is answered with 503 and the fixed message', async (t) => {
  for (const [method, call] of Object.entries(METHODS)) {
    for (const [shape, make] of Object.entries(THROWN)) {
      const atOnce = () => {
        throw make()
      }
      await isUnavailable(t, () => call(atOnce), `${method} throws ${shape}`)
      await isUnavailable(t, () => call(async () => atOnce()), `${method} rejects with ${shape}`)
    }
  }
})

t.test('each answer of a method is checked, and each call has a time limit', async (t) => {
  const checks = Object.entries(METHODS).flatMap(([method, call]) => {
    // remove() may answer with undefined.
    const shapes = method.includes('remove') ? BROKEN : { ...BROKEN, ...NONSENSE }
    return Object.entries(shapes).map(([shape, make]) =>
      isUnavailable(t, () => call(make), `${method} answers with ${shape}`)
    )
  })
  await Promise.all(checks)
  for (const make of Object.values(NONSENSE)) {
    t.equal(await storeWith({ remove: make }).remove('id'), undefined)
  }
})

t.test('of a thenable that settles twice, the first result counts', async (t) => {
  const twice = {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      resolve(BYTES)
      reject(new Error(SECRET))
      resolve('nonsense')
    }
  }
  t.equal(await storeWith({ read: () => twice }).read('id', 0), BYTES)
  t.equal(await encryptionWith({ decrypt: () => twice }).decrypt(BYTES, 'id'), BYTES)
})

t.test('if a store or an encryptor answers without a promise, the result is there at once', async (t) => {
  t.equal(storeWith({ read: () => BYTES }).read('id', 0), BYTES)
  t.equal(storeWith({ write: () => 'id' }).write('id', BYTES, 0, 0), 'id')
  t.equal(encryptionWith({ encrypt: () => BYTES }).encrypt(BYTES, 'id'), BYTES)
})

t.test('the error for a session that is too large has no text of the store', async (t) => {
  const write = () => {
    throw new SessionTooLargeError(`the row of id-1 ${SECRET}`)
  }
  const error: Error = await promised(() => storeWith({ write }).write('id-1', BYTES, 0, 0)).then(
    () => new Error('it answered'),
    (error) => error
  )
  t.match(error, { code: 'FST_SESSION_TOO_LARGE', message: 'The session is too large: the store says so' })
  t.match(error.cause, { message: new RegExp(`the row of \\[id\\] ${SECRET}`) })
})

t.test('isInstance() never throws', async (t) => {
  t.equal(isInstance(new SessionUnavailableError(), SessionUnavailableError), true)
  for (const make of [...Object.values(THROWN).slice(0, -1)])
    t.equal(isInstance(make(), SessionUnavailableError), false)
})

t.test('the client gets the fixed answer, even if a tool formats stack traces in its own way', async (t) => {
  const body = { statusCode: 503, code: 'FST_SESSION_STORE', message: 'The session store is unavailable' }
  const original = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  t.teardown(() => {
    if (original === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Object.defineProperty(Error, 'prepareStackTrace', original)
  })
  for (const [tool, format] of [
    ['no tool', undefined],
    ['a tool that gives a list', (_: Error, calls: unknown[]) => calls]
  ] as const) {
    for (const [shape, make] of Object.entries(THROWN)) {
      const read = async () => {
        throw make()
      }
      const { send } = await testApp(t, { store: Object.assign(new MapStore(), { read }) })
      if (format !== undefined) Object.assign(Error, { prepareStackTrace: format })
      const answer = await send('session=an-id', () => t.fail('it has no session'))
      if (format !== undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
      t.match(answer, { status: 503, body }, `${shape}, ${tool}`)
      t.notMatch(JSON.stringify(answer.body), SECRET)
    }
  }
})

t.test('there was no unhandled rejection', async (t) => {
  await new Promise((resolve) => setTimeout(resolve, 150))
  await turn()
  t.same(unhandled, [])
})
