import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { type Answer, cookieValue, type Handler, type LogLine, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { startRedis } from '../support/redis-server.ts'
import { forEach, leaks, SIGNING_SECRET, subjects } from './subjects.ts'

const stores = await subjects(t)

const VALUE = 'a-value-that-only-the-session-knows'
const FERNET_KEY = FernetEncryptor.generateKey()
const AES_KEY = AESGCMEncryptor.generateKey()
const login: Handler = (session) => {
  session.user = VALUE
  session.cart = { deep: [{ note: VALUE }] }
}
const show: Handler = () => ({})

const encryptors = {
  none: undefined,
  FernetEncryptor: new FernetEncryptor(FERNET_KEY),
  AESGCMEncryptor: new AESGCMEncryptor(AES_KEY)
}

const keySpellings = [FERNET_KEY, AES_KEY].flatMap((key) => {
  const bytes = Buffer.from(key, 'base64url')
  return [key, bytes.toString('base64'), bytes.toString('hex')]
})

interface Quiet {
  readonly log: LogLine[]
  send(cookie: string | undefined, handler: Handler): Promise<Answer>
  /** Checks that nothing in the log or in an answer is secret. */
  check(what: string, more?: Iterable<string>): void
}

/** An application with the log level "trace", which collects the secrets that no log or answer may show. */
async function quietApp(
  t: Test,
  options: StarsessionsOptions,
  prepare?: (app: FastifyInstance) => unknown
): Promise<Quiet> {
  const shown: string[] = []
  const { log, send } = await testApp(t, options, async (app) => {
    app.log.level = 'trace'
    // A custom error handler or an error reporter may look into all parts of an error.
    app.addHook('onError', async (_request, _reply, error) => {
      shown.push(inspect(error, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null }))
    })
    await prepare?.(app)
  })
  const secrets = new Set([VALUE, SIGNING_SECRET, ...keySpellings])
  const keep = (value: string | undefined) => {
    if (value === undefined || value.length < 16) return
    for (const part of [value, ...value.split('.')]) if (part.length >= 16) secrets.add(part)
  }
  return {
    log,
    async send(cookie, handler) {
      keep(cookie === undefined ? undefined : cookieValue(cookie))
      const answer = await send(cookie, async (session, request) => {
        keep(session.id)
        try {
          return await handler(session, request)
        } finally {
          keep(session.id)
        }
      })
      const { 'set-cookie': lines, ...headers } = answer.headers
      for (const line of [lines ?? []].flat()) keep(cookieValue(line.split(';', 1)[0]))
      shown.push(JSON.stringify([answer.body, headers]))
      return answer
    },
    check(what, more = []) {
      const outside = [...log.map((line) => JSON.stringify(line)), ...shown].join('\n')
      t.same(leaks(outside, new Set([...secrets, ...more])).length, 0, what)
    }
  }
}

const failures: Record<string, Handler> = {
  'an error of the application': () => Promise.reject(new Error('bug')),
  'a client error': () => Promise.reject(Object.assign(new Error('no'), { statusCode: 401 })),
  'a BigInt': (session) => void (session.total = { [VALUE.length]: 1n, note: VALUE }),
  'a function': (session) => void (session.callback = Object.assign(() => VALUE, { note: VALUE })),
  'a cycle': (session) => {
    session.cart.deep.push(session.cart)
  },
  'a key of the library': (session) => session.set('__metadata__', VALUE),
  'a key of a member': (session) => void Object.assign(session, { regenerate: VALUE }),
  'a callback': (session) => (session.save as (callback: unknown) => Promise<void>)(() => VALUE),
  'a wrong maxAge': (session) => session.options({ maxAge: VALUE as unknown as number }),
  'too much': (session) => void (session.large = VALUE.repeat(500))
}

t.test('in normal use no log line, error or body has an id, a cookie, a key or session data', async (t) => {
  const life: Handler[] = [
    show,
    login,
    (session) => void (session.more = VALUE),
    (session) => session.regenerateId(),
    (session) => session.regenerate(['user']),
    (session) => session.options({ maxAge: 5 }),
    async (session) => {
      session.more = `${VALUE}!`
      await session.save()
      await session.reload()
      await session.regenerateId()
      await session.save()
    },
    (session) => session.clear(),
    login,
    (session) => session.destroy()
  ]
  await forEach(t, stores.all, async (t, subject) => {
    for (const [name, encryptor] of Object.entries(encryptors)) {
      for (const times of [{}, { lifetime: 60 }, { lifetime: 60, rolling: true }]) {
        const app = await quietApp(t, { store: subject.make(), ...times, ...(encryptor && { encryptor }) })
        let { cookie } = await app.send(undefined, login)
        for (const step of life) cookie = (await app.send(cookie, step)).cookie
        app.check(name)
        t.ok(app.log.length > life.length, 'the log has lines')
      }
    }
  })
})

t.test('when a request fails, no log line, error or body has a secret', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const encryptor of Object.values(encryptors)) {
      const app = await quietApp(t, { store: subject.make(), lifetime: 60, ...(encryptor && { encryptor }) })
      const { cookie } = await app.send(undefined, login)
      for (const [what, handler] of Object.entries(failures)) {
        const { status } = await app.send(cookie, handler)
        if (what !== 'too much' || !subject.isServerSide) t.ok(status >= 400, what)
        app.check(what)
      }
    }
  })
})

t.test('when a cookie is forged or signed with another key, no log line, error or body has a secret', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    for (const encryptor of Object.values(encryptors)) {
      const app = await quietApp(t, { store: subject.make(), ...(encryptor && { encryptor }) })
      const { cookie = '' } = await app.send(undefined, login)
      const others = await testApp(t, { store: new CookieStore({ secretKey: 'another secret of at least 32 bytes' }) })
      const foreign = (await others.send(undefined, login)).cookie
      const middle = cookie.length >> 1
      for (const sent of [
        foreign,
        cookie.slice(0, -1),
        cookie.slice(0, middle),
        `${cookie.slice(0, middle)}~${cookie.slice(middle + 1)}`,
        `session="${cookieValue(cookie)}"`,
        `session=${encodeURIComponent(cookieValue(cookie))}%`,
        `session=${cookieValue(cookie)}\u0000`,
        `${cookie}${'a'.repeat(5_000)}`
      ]) {
        t.equal((await app.send(sent, show)).status, 200)
      }
      app.check('forged')
    }
  })
})

t.test('when a record cannot be used, no log line, error or body has a secret', async (t) => {
  const at = Date.now() / 1000
  const metadata = (more: object) =>
    JSON.stringify({ user: VALUE, __metadata__: { created: at, last_access: at, ...more } })
  for (const encryptor of Object.values(encryptors)) {
    const store = new MapStore()
    const app = await quietApp(t, { store, lifetime: 60, ...(encryptor && { encryptor }) })
    const { cookie } = await app.send(undefined, login)
    const id = cookieValue(cookie)
    for (const record of [
      VALUE,
      `{"user":"${VALUE}"`,
      `["${VALUE}"]`,
      `"${VALUE}"`,
      `${`{"${VALUE}":`.repeat(200)}1${'}'.repeat(200)}`,
      metadata({ created: VALUE }),
      metadata({ cookie: VALUE }),
      metadata({ created: at - 61 }),
      metadata({ created: at + 3_600 }),
      `{"user":"${VALUE}","large":1e999}`
    ]) {
      const plain = Buffer.from(record)
      const sealed = (await encryptor?.encrypt(plain, Buffer.from(`session\0${id}`))) ?? plain
      for (const data of [plain, sealed]) {
        await store.write(id, data, 0, 0)
        t.equal((await app.send(cookie, show)).status, 200)
      }
    }
    t.ok(app.log.some(({ reason }) => reason !== undefined))
    app.check('unusable')
  }
})

/** All ways in which an error can carry the arguments of a store call. */
const storeErrors: Record<string, (told: string[]) => unknown> = {
  'its message': (told) => new Error(`no answer for ${told}`),
  "a client's fields": (told) =>
    Object.assign(new Error('READONLY'), {
      command: { name: 'set', args: told },
      previousErrors: [new Error(told.join())]
    }),
  'arguments echoed': (told) =>
    new Error(`ERR unknown command 'set', with args beginning with: ${told.map((arg) => `'${arg}'`)}`),
  'its cause': (told) => new Error('failed', { cause: new Error(told.join()) }),
  'a field of its cause': (told) => new Error('failed', { cause: Object.assign(new Error('inner'), { args: told }) }),
  'its name': (told) => Object.assign(new Error('failed'), { name: `Failure of ${told}` }),
  'its stack': (told) => {
    const error = new Error('failed')
    error.stack = `Error: failed for ${told}\n    at store (store.js:1:1)`
    return error
  },
  'one of its errors': (told) => new AggregateError([new Error(told.join())], 'all failed'),
  'its code': (told) => Object.assign(new Error('failed'), { code: 'E_FAILED', detail: told.join() }),
  'no error at all': (told) => told.join(),
  'an object': (told) => ({ told })
}

/** The arguments of a store call as text. */
const toldBy = (args: unknown[]) =>
  args.map((arg) => (arg instanceof Uint8Array ? Buffer.from(arg).toString('latin1') : String(arg)))

t.test('when a store fails with secrets in its error, no log line, error or body has a secret', async (t) => {
  for (const [where, makeError] of Object.entries(storeErrors)) {
    await t.test(`in ${where}`, async (t) => {
      for (const method of ['read', 'write', 'remove'] as const) {
        const store = new MapStore()
        const app = await quietApp(t, { store })
        const { cookie } = await app.send(undefined, login)
        store[method] = (async (...args: unknown[]) => {
          // A message or name has only the id. The fields that clients add to an error also have the data.
          throw makeError(['its message', 'its name'].includes(where) ? [String(args[0])] : toldBy(args))
        }) as never
        const { status } = await app.send(cookie, async (session) => {
          await session.regenerateId()
          session.more = VALUE
        })
        t.equal(status, 503, method)
        app.check(method)
        t.ok(app.log.some(({ level }) => level >= 50))
      }
    })
  }
})

async function ownRedis(t: Test, args: string[]) {
  const server = await startRedis({ args })
  const client = new Redis(server.port, { maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => undefined)
  t.teardown(async () => {
    client.disconnect()
    await server.stop()
  })
  return { server, client }
}

t.test('when Redis answers with an error or not at all, no log line, error or body has a secret', async (t) => {
  const sha256 = (id: string) => createHash('sha256').update(id).digest('hex')

  for (const hashIds of [true, false]) {
    await t.test(`a key of another type, hashIds: ${hashIds}`, async (t) => {
      const client = stores.redis
      const app = await quietApp(t, { store: new RedisStore({ client, hashIds }) })
      const { cookie } = await app.send(undefined, login)
      const key = `starsessions.${hashIds ? sha256(cookieValue(cookie)) : cookieValue(cookie)}`
      await client.del(key)
      await client.lpush(key, 'x')
      t.equal((await app.send(cookie, show)).status, 503)
      t.match(JSON.stringify(app.log), /WRONGTYPE/, 'the log has the reason')
      app.check('WRONGTYPE', hashIds ? [] : [key])
    })

    for (const command of ['SET', 'GET', 'GETEX', 'DEL']) {
      await t.test(`the unknown command ${command}, hashIds: ${hashIds}`, async (t) => {
        const { client } = await ownRedis(t, ['--rename-command', command, ''])
        // Only a session with a fixed lifetime is read with GET.
        const lifetime = command === 'GET' ? 60 : 0
        const app = await quietApp(t, { store: new RedisStore({ client, hashIds }), lifetime })
        const sent = `session=${'k'.repeat(20)}${'l'.repeat(23)}`
        const first = await app.send(sent, login)
        t.equal(first.status, command === 'DEL' ? 200 : 503)
        if (command === 'DEL') t.equal((await app.send(first.cookie, (session) => session.destroy())).status, 503)
        t.match(JSON.stringify(app.log), /unknown (redis )?command|Redis does not know the command GETEX/i)
        app.check(command)
      })
    }
  }

  await t.test('out of memory', async (t) => {
    const { client } = await ownRedis(t, ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'])
    const app = await quietApp(t, { store: new RedisStore({ client, hashIds: false }) })
    t.equal((await app.send(undefined, login)).status, 503)
    t.match(JSON.stringify(app.log), /OOM/)
    app.check('OOM')
  })

  await t.test('stopped', async (t) => {
    const { client, server } = await ownRedis(t, [])
    const app = await quietApp(t, { store: new RedisStore({ client, hashIds: false }) })
    const { cookie } = await app.send(undefined, login)
    await server.stop()
    for (const sent of [cookie, undefined]) t.equal((await app.send(sent, login)).status, 503)
    app.check('stopped')
  })
})

t.test('when an encryptor or serializer throws its arguments, no log line, error or body has a secret', async (t) => {
  const store = new MapStore()
  const boom = (data: Uint8Array): never => {
    throw Object.assign(new Error(`cannot open ${Buffer.from(data)}`), { data })
  }
  const opening = await quietApp(t, { store, encryptor: { encrypt: (data) => data, decrypt: boom } })
  const { cookie } = await opening.send(undefined, login)
  t.equal((await opening.send(cookie, show)).status, 503)
  t.ok(opening.log.some(({ level }) => level >= 50))
  opening.check('decrypt')
  const sealing = await quietApp(t, { store, encryptor: { encrypt: boom, decrypt: (data) => data } })
  t.equal((await sealing.send(undefined, login)).status, 503)
  t.ok(sealing.log.some(({ level }) => level >= 50))
  sealing.check('encrypt')
  const reading = await quietApp(t, {
    store,
    serializer: { serialize: (data) => Buffer.from(JSON.stringify(data)), deserialize: boom }
  })
  t.equal((await reading.send(cookie, show)).status, 200)
  reading.check('deserialize')
  const quote = (data: object): never => {
    throw new Error(`cannot keep ${JSON.stringify(data)}`)
  }
  const writing = await quietApp(t, { store, serializer: { serialize: quote, deserialize: () => ({}) } })
  t.equal((await writing.send(undefined, login)).status, 500)
  t.ok(writing.log.some(({ level }) => level >= 50))
  writing.check('serialize')
})

t.test('the error for a wrong key does not quote the key', async (t) => {
  const bad = 'kept-secret-0123456789abcdefghi'
  const makers = [
    () => new CookieStore({ secretKey: bad }),
    () => new CookieStore({ secretKey: [SIGNING_SECRET, bad] }),
    () => new FernetEncryptor(bad),
    () => new FernetEncryptor([FERNET_KEY, `${FERNET_KEY}A`]),
    () => new AESGCMEncryptor([AES_KEY, bad])
  ]
  for (const make of makers) {
    try {
      make()
      t.fail('the key was accepted')
    } catch (error) {
      const { message, stack } = error as Error
      t.match(error, { code: 'FST_SESSION_OPTIONS' })
      t.same(
        leaks(JSON.stringify([message, stack, { ...(error as object) }]), [bad, SIGNING_SECRET, ...keySpellings]),
        []
      )
    }
  }
})
