import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { SessionSerializeError, SessionUnavailableError } from '../lib/errors.ts'
import starsessions from '../lib/index.ts'
import { report } from '../lib/report.ts'
import { MapStore } from './support/map-store.ts'

/** What the process warns of until the test ends. */
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

t.test('without a logger, a commit that fails is a warning of the process, once, with its cause', async (t) => {
  const told = warnings(t)
  for (const options of [{}, { logger: false }]) await visit(t, options, (session) => void (session.big = 7n))
  t.match(told, [/^StarsessionsWarning FST_SESSION_SERIALIZE: the session could not be committed: .*key "big"/])
  t.match(told[0], /Fastify\(\{ logger: true \}\)/)
  t.equal(told.length, 1)
})

t.test('so is a Secure cookie over plain HTTP, and the store in memory in production', async (t) => {
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

t.test('with a logger, whatever its level, the process warns of nothing', async (t) => {
  const told = warnings(t)
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  for (const level of ['debug', 'error']) {
    report(Fastify({ logger: { level, stream } }).log, 'error', 'LOGGED', { err: new Error('x') }, 'something failed')
  }
  t.equal(lines.length, 2)
  t.same(told, [])
})

t.test('nobody’s text but ours comes to the console', async (t) => {
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

t.test('a logger that fails does not fail what it is told of', async (t) => {
  const log = {
    debug() {},
    warn() {},
    error() {
      throw new Error('the disk is full')
    }
  }
  t.doesNotThrow(() => report(log as never, 'error', 'BROKEN', {}, 'it failed'))
})
