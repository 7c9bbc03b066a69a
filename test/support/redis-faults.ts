import type { Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisClient } from '../../types/clients/redis.ts'
import type { Duration } from '../../types/options.ts'
import { type Handler, testApp } from './app.ts'
import type { BrokenProxy, Fault } from './broken-proxy.ts'

/** A fault, whether the server still runs a write during the fault, and the cause in the log. */
export type Row = readonly [title: string, fault: Fault, done: 'done' | 'not done' | 'perhaps done', cause: RegExp]

const refused = (code: string, rest: string): Row => {
  return [`-${code}`, { kind: 'answer', bytes: `-${code} ${rest}\r\n` }, 'not done', new RegExp(`${code} ${rest}`)]
}

/**
 * Faults where Redis answers with an error and does not run the command.
 * @param node the address in a redirection, as host and port
 */
export const refusals = (node: string): readonly Row[] => [
  refused('LOADING', 'Redis is loading the dataset in memory'),
  refused('READONLY', "You can't write against a read only replica."),
  refused('OOM', "command not allowed when used memory > 'maxmemory'."),
  refused('NOSCRIPT', 'No matching script. Please use EVAL.'),
  refused('NOAUTH', 'Authentication required.'),
  refused('NOPERM', 'this user has no permissions to access one of the keys used as arguments'),
  refused('MOVED', `3999 ${node}`),
  refused('ASK', `3999 ${node}`),
  refused('CLUSTERDOWN', 'The cluster is down'),
  refused('TRYAGAIN', 'Multiple keys request during rehashing of slot')
]

/** Two clients of the same server or cluster: one behind proxies, and one with a direct connection. */
export interface Ways {
  /** The client behind the proxies. All proxies break at once. */
  readonly behind: RedisClient
  readonly proxies: readonly BrokenProxy[]
  readonly direct: RedisClient
  /** The option `storeTimeout` of the application behind the proxies. */
  readonly storeTimeout: Duration
}

const data: Handler = (session) => session.data()
const change: Handler = (session) => void Object.assign(session, { a: 1, b: 1 })
const BEFORE = { user: 'alice' }
const AFTER = { ...BEFORE, a: 1, b: 1 }

/** Checks the requests of an application during the fault, and after it. */
export async function meets(t: Test, ways: Ways, [, fault, done, cause]: Row): Promise<void> {
  const { behind, proxies, direct, storeTimeout } = ways
  const here = await testApp(t, { store: new RedisStore({ client: behind }), storeTimeout }, (app) => {
    app.get('/public', async () => 'public')
  })
  const { send: there } = await testApp(t, { store: new RedisStore({ client: direct }) })
  const { cookie } = await here.send(undefined, (session) => void Object.assign(session, BEFORE))
  const breakFor = (commands: 'reads' | 'writes') => {
    for (const proxy of proxies) proxy.break(fault, commands)
  }
  const mend = () => Promise.all(proxies.map((proxy) => proxy.mend()))

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

  breakFor('reads')
  await fails('a read', cookie, data)
  await untouched()
  await mend()
  t.same((await here.send(cookie, data)).body, BEFORE, 'the next request works')

  breakFor('writes')
  await fails('a change', cookie, change)
  await fails('a login', undefined, change)
  await untouched()
  await mend()
  const next = await here.send(cookie, data)
  t.same((await there(cookie, data)).body, next.body, 'both applications see the same data')
  const possible = { done: [AFTER], 'not done': [BEFORE], 'perhaps done': [BEFORE, AFTER] }[done]
  t.ok(
    possible.map((one) => JSON.stringify(one)).includes(JSON.stringify(next.body)),
    'the whole change was stored, or nothing'
  )
  t.equal((await here.send(cookie, (session) => void (session.c = 1))).status, 200)
  t.same((await there(cookie, data)).body, { ...(next.body as object), c: 1 }, 'the next change works')

  breakFor('writes')
  await fails('a logout', cookie, (session) => session.destroy())
  await mend()
  t.equal((await here.send(cookie, (session) => session.destroy())).status, 200)
  t.same((await there(cookie, data)).body, {}, 'the session has ended')
}
