import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { SessionSerializeError, SessionUnavailableError } from '../lib/errors.ts'
import starsessions from '../lib/index.ts'
import { report, tell } from '../lib/report.ts'
import { MapStore } from './support/map-store.ts'

/** Collects the warnings of the process until the test ends. */
function warnings(t: Test): string[] {
  const told: string[] = []
  const { emitWarning } = process
  process.emitWarning = ((message: string, { type, code }: { type: string; code: string }) => {
    told.push(`${type} ${code}: ${message}`)
  }) as typeof emitWarning
  t.teardown(() => {
    process.emitWarning = emitWarning
  })
  return told
}

async function visit(t: Test, options: object, handler: (session: Record<string, unknown>) => unknown, count = 2) {
  const app = Fastify(options)
  t.teardown(() => app.close())
  const store = new MapStore()
  await app.register(starsessions, { store })
  app.get('/', async (request) => void (await handler(await request.loadSession())))
  for (let at = 0; at < count; at++) await app.inject({ url: '/', headers: { host: 'shop.test' } })
}

t.test('without a logger, the first failed commit is reported as a process warning with its cause', async (t) => {
  const told = warnings(t)
  for (const options of [{}, { logger: false }]) await visit(t, options, (session) => void (session.big = 7n))
  t.match(told, [/^StarsessionsWarning FST_SESSION_SERIALIZE: the session could not be committed: .*key "big"/])
  t.match(told[0], /Fastify\(\{ logger: true \}\)/)
  t.equal(told.length, 1)
})

t.test('without a logger, a Secure cookie over HTTP and a memory store in production are warned of once', async (t) => {
  const told = warnings(t)
  await visit(t, {}, (session) => void (session.user = 'ada'))
  t.match(told.splice(0), [/^StarsessionsWarning FST_SESSION_INSECURE: .*`cookie: \{ secure: 'auto' \}`/])
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  for (let at = 0; at < 2; at++) await Fastify().register(starsessions)
  t.match(told, [/^StarsessionsWarning FST_SESSION_MEMORY_STORE: .*set the option "store"/])
  t.equal(told.length, 1)
})

t.test('with a logger of any level, there is no process warning', async (t) => {
  const told = warnings(t)
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  for (const level of ['debug', 'error']) {
    report(Fastify({ logger: { level, stream } }).log, 'error', 'LOGGED', { err: new Error('x') }, 'something failed')
  }
  t.equal(lines.length, 2)
  t.same(told, [])
})

t.test('a process warning shows only texts of this library, never the message of another error', async (t) => {
  const told = warnings(t)
  const { log } = Fastify()
  const foreign = Object.assign(new Error('the data are {"iban":"secret"}'), { code: 'ECONNREFUSED' })
  const failures: Record<string, unknown> = {
    STORE: new SessionUnavailableError({ cause: foreign }),
    SERIALIZE: new SessionSerializeError('key "a"', { cause: 'secret' }),
    FOREIGN: foreign,
    NAMELESS: Object.assign(new Error('secret'), { name: 'a secret' }),
    TEXT: 'secret'
  }
  for (const [code, err] of Object.entries(failures)) report(log, 'error', code, { err }, 'it failed')
  report(log, 'warn', 'REASON', { reason: 'signature' }, 'it was refused')
  t.match(told, [
    /STORE: it failed: The session store is unavailable \(Error ECONNREFUSED\)\. /,
    /SERIALIZE: it failed: The session cannot be serialized: key "a"\. /,
    /FOREIGN: it failed \(Error ECONNREFUSED\)\. /,
    /NAMELESS: it failed \(\)\. /,
    /TEXT: it failed\. /,
    /REASON: it was refused \(reason: signature\)\. /
  ])
  t.notMatch(told.join(), /secret/)
})

t.test('a logger that throws or rejects does not end the process', async (t) => {
  const unhandled: unknown[] = []
  const listener = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  t.teardown(() => process.off('unhandledRejection', listener))
  const full = () => {
    throw new Error('the disk is full')
  }
  for (const fail of [full, async () => full()]) {
    const log = { debug: fail, warn: fail, error: fail } as never
    t.doesNotThrow(() => report(log, 'error', 'BROKEN', {}, 'it failed'))
    for (const level of ['debug', 'warn', 'error'] as const) t.doesNotThrow(() => tell(log, level, {}, 'it failed'))
  }
  await new Promise((resolve) => setImmediate(resolve))
  t.same(unhandled, [])
})

t.test('a request is answered as usual although the logger throws', async (t) => {
  const pino = Fastify({ logger: { level: 'silent' } }).log
  const full = () => {
    throw new Error('the disk is full')
  }
  // Fastify itself calls `info`, so it does not fail, and `child` for each request.
  const loggerInstance = Object.assign(Object.create(pino), { debug: full, warn: full, child: () => loggerInstance })
  const app = Fastify({ loggerInstance })
  t.teardown(() => app.close())
  const store = new MapStore()
  await app.register(starsessions, { store, lifetime: 60 })
  app.get('/', async (request) => {
    const session = await request.loadSession()
    session.n = (session.n ?? 0) + 1
    await session.update((newest) => void newest.n++)
    return { n: session.n }
  })
  const first = await app.inject('/')
  t.same([first.statusCode, first.json()], [200, { n: 2 }])
  const cookie = String(first.headers['set-cookie']).split(';')[0]!
  t.same((await app.inject({ url: '/', headers: { cookie } })).json(), { n: 4 })
  for (const [id, entry] of store.entries) store.entries.set(id, { ...entry, data: Buffer.from('not a record') })
  t.same((await app.inject({ url: '/', headers: { cookie } })).json(), { n: 2 }, 'an unusable record')
})

t.test('an error of the application whose getters throw can be reported', async (t) => {
  const told = warnings(t)
  const trap = Object.defineProperty(new Error('x'), 'name', {
    get() {
      throw new Error('secret')
    }
  })
  t.doesNotThrow(() => report(Fastify().log, 'error', 'TRAP', { err: trap }, 'it failed'))
  t.same(told, [])
})
