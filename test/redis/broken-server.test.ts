import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { type Handler, testApp } from '../support/app.ts'
import { type Fault, startBrokenProxy } from '../support/broken-proxy.ts'
import { startRedis } from '../support/redis-server.ts'
import { connectTo, type Library } from '../support/redis-topologies.ts'

/** A fault, whether the server does the write that meets it, and what the log says of it. */
type Row = readonly [title: string, fault: Fault, done: 'done' | 'not done' | 'perhaps done', cause: RegExp]

const refused = (code: string, rest: string): Row => {
  return [`-${code}`, { kind: 'answer', bytes: `-${code} ${rest}\r\n` }, 'not done', new RegExp(code)]
}
const LOST = /no answer within|Socket closed|Connection is closed|max retries per request|ECONNRESET/

const ROWS: readonly Row[] = [
  ['a reset in the middle of an answer', { kind: 'half an answer', by: 'RST' }, 'done', LOST],
  ['an end in the middle of an answer', { kind: 'half an answer', by: 'FIN' }, 'done', LOST],
  ['an end between the deed and its answer', { kind: 'done, but no answer' }, 'done', LOST],
  // What nobody has answered yet, ioredis sends again when it is back.
  ['no answer and no end', { kind: 'hang' }, 'perhaps done', LOST],
  [
    'the length of a text of 8 EB',
    { kind: 'answer, then hang', bytes: '$9223372036854775807\r\nabc' },
    'perhaps done',
    LOST
  ],
  [
    'bytes that are no protocol',
    { kind: 'answer, then hang', bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n\xff\x00' },
    'perhaps done',
    /no answer within|Unknown RESP type/
  ],
  refused('LOADING', 'Redis is loading the dataset in memory'),
  refused('READONLY', "You can't write against a read only replica."),
  refused('MOVED', '3999 127.0.0.1:1'),
  refused('ASK', '3999 127.0.0.1:1'),
  refused('CLUSTERDOWN', 'The cluster is down'),
  refused('TRYAGAIN', 'Multiple keys request during rehashing of slot')
]

const data: Handler = (session) => session.data()
const change: Handler = (session) => void Object.assign(session, { a: 1, b: 1 })
const BEFORE = { user: 'alice' }
const AFTER = { ...BEFORE, a: 1, b: 1 }

const server = await startRedis()
t.teardown(() => server.stop())

/** An application behind the proxy, one with a connection of its own, and a session of both. */
async function setUp(t: Test, library: Library) {
  const proxy = await startBrokenProxy(server.port)
  const behind = await connectTo({ kind: 'single', ports: [proxy.port] }, library)
  const direct = await connectTo({ kind: 'single', ports: [server.port] }, library)
  t.teardown(async () => {
    behind.close()
    direct.close()
    await proxy.stop()
  })
  const here = await testApp(t, { store: new RedisStore({ client: behind.client }), storeTimeout: 1 }, (app) => {
    app.get('/public', async () => 'public')
  })
  const there = await testApp(t, { store: new RedisStore({ client: direct.client }) })
  const { cookie } = await here.send(undefined, (session) => void Object.assign(session, BEFORE))
  return { proxy, here, there: there.send, cookie }
}

async function meets(t: Test, library: Library, [, fault, done, cause]: Row): Promise<void> {
  const { proxy, here, there, cookie } = await setUp(t, library)

  const fails = async (title: string, sent: string | undefined, handler: Handler) => {
    here.log.length = 0
    const { status, body, headers, lines } = await here.send(sent, handler)
    t.equal(status, 503, title)
    t.same(body, {
      statusCode: 503,
      code: 'FST_SESSION_STORE',
      error: 'Service Unavailable',
      message: 'The session store is unavailable'
    })
    t.match(headers['retry-after'], /^\d+$/)
    t.same(lines, [], 'no Set-Cookie: the cookie is kept')
    t.match(JSON.stringify(here.problems()), cause, 'the log has the cause')
  }
  const untouched = async () => {
    const { statusCode, body } = await here.app.inject({ url: '/public', headers: { cookie: String(cookie) } })
    t.same([statusCode, body], [200, 'public'], 'a request that loads no session')
  }

  proxy.break(fault, 'reads')
  await fails('a read', cookie, data)
  await untouched()
  await proxy.mend()
  t.same((await here.send(cookie, data)).body, BEFORE, 'the next request works')

  proxy.break(fault, 'writes')
  await fails('a change', cookie, change)
  await fails('a login', undefined, change)
  await untouched()
  await proxy.mend()
  const next = await here.send(cookie, data)
  t.same((await there(cookie, data)).body, next.body, 'everybody sees the same')
  const possible = { done: [AFTER], 'not done': [BEFORE], 'perhaps done': [BEFORE, AFTER] }[done]
  t.ok(possible.map((one) => JSON.stringify(one)).includes(JSON.stringify(next.body)), 'all of it, or nothing')
  t.equal((await here.send(cookie, (session) => void (session.c = 1))).status, 200)
  t.same((await there(cookie, data)).body, { ...(next.body as object), c: 1 }, 'and so does the next change')

  proxy.break(fault, 'writes')
  await fails('a logout', cookie, (session) => session.destroy())
  await proxy.mend()
  t.equal((await here.send(cookie, (session) => session.destroy())).status, 200)
  t.same((await there(cookie, data)).body, {}, 'it has ended')
}

// An unhandled rejection would fail the test, too.
const runs = (['ioredis', 'node-redis'] as const).flatMap((library) =>
  ROWS.map((row) => t.test(`${library}, ${row[0]}`, { buffered: true }, (t) => meets(t, library, row)))
)
t.jobs = ROWS.length
await Promise.all(runs)
