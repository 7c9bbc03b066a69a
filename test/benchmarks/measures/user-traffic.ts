import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import starsessions, { RedisStore } from 'fastify-starsessions'
import { Redis } from 'ioredis'
import type { Tell } from '../report/progress.ts'
import type { Section } from '../report/table.ts'
import { type Cost, costCells, HEAD, perRequest, REQUESTS } from './redis-traffic.ts'

/** What the sessions of users cost in Redis. */
export interface UserTraffic extends Cost {
  readonly what: string
}

interface Kind {
  readonly what: string
  readonly path: string
  /** The session that the request comes with. */
  readonly over: 'nothing' | 'a cart' | 'a login'
}

const KINDS: readonly Kind[] = [
  { what: 'read a key', path: '/read', over: 'a login' },
  { what: 'change a key', path: '/change', over: 'a login' },
  { what: 'login', path: '/login', over: 'nothing' },
  { what: 'login over a cart', path: '/login', over: 'a cart' },
  { what: 'a new id', path: '/rotate', over: 'a login' },
  { what: 'logout', path: '/logout', over: 'a login' },
  { what: 'list()', path: '/list', over: 'a login' },
  { what: 'endAll()', path: '/end-all', over: 'a login' }
]

interface Query {
  readonly user: string
}

async function open(client: Redis) {
  const app = Fastify()
  await app.register(starsessions, {
    store: new RedisStore({ client }),
    lifetime: { days: 1 },
    cookie: { secure: false }
  })
  app.get<{ Querystring: Query }>('/login', async (request) => {
    const session = await request.loadSession()
    session.bindTo(request.query.user)
    return 'ok'
  })
  app.get('/cart', async (request) => {
    const session = await request.loadSession()
    session.visits = 1
    return 'ok'
  })
  app.get('/read', async (request) => String((await request.loadSession()).visits))
  app.get('/change', async (request) => {
    const session = await request.loadSession()
    session.visits = (session.visits ?? 0) + 1
    return 'ok'
  })
  app.get('/rotate', async (request) => {
    await (await request.loadSession()).regenerateId()
    return 'ok'
  })
  app.get('/logout', async (request) => {
    await (await request.loadSession()).destroy()
    return 'ok'
  })
  app.get<{ Querystring: Query }>('/list', ({ query, server }) => server.sessionsOf(query.user).list())
  app.get<{ Querystring: Query }>('/end-all', async ({ query, server }) => {
    await server.sessionsOf(query.user).endAll()
    return 'ok'
  })
  return app
}

/** Sends one request after the other. Each has a session of its own, of a user with this one session. */
export async function measureUserTraffic(port: number, tell: Tell): Promise<UserTraffic[]> {
  const redis = new Redis({ host: '127.0.0.1', port })
  const client = new Redis({ host: '127.0.0.1', port })
  const app = await open(client)
  const send = async (url: string, cookie: string | undefined): Promise<string | undefined> => {
    const { statusCode, headers, body } = await app.inject({ url, headers: cookie === undefined ? {} : { cookie } })
    if (statusCode !== 200) throw new Error(`${url}: ${body}`)
    // A command that the response does not wait for is sent now, and not together with those of the next request.
    await sleep(1)
    return [headers['set-cookie'] ?? []].flat()[0]?.split(';', 1)[0]
  }
  const sessionOver = (over: Kind['over'], user: string): Promise<string | undefined> | undefined => {
    if (over === 'nothing') return undefined
    return send(over === 'a cart' ? '/cart' : `/login?user=${user}`, undefined)
  }
  const traffic: UserTraffic[] = []
  for (const { what, path, over } of KINDS) {
    tell(`a user: ${what}`)
    const requests: { url: string; cookie: string | undefined }[] = []
    // The first request also sends the scripts to Redis. It does not count.
    for (let index = 0; index <= REQUESTS; index++) {
      const user = `${path}-${over}-${index}`
      requests.push({ url: `${path}?user=${user}`, cookie: await sessionOver(over, user) })
    }
    const [first, ...counted] = requests
    await send(first!.url, first!.cookie)
    await redis.config('RESETSTAT')
    for (const { url, cookie } of counted) await send(url, cookie)
    const info = String(await redis.call('INFO', 'commandstats', 'stats'))
    traffic.push({ what, ...perRequest(info) })
  }
  await app.close()
  client.disconnect()
  redis.disconnect()
  return traffic
}

export const userTrafficSection = (traffic: readonly UserTraffic[]): Section => ({
  title: 'Traffic of the sessions of users',
  note:
    'Per request, as Redis counts it, RedisStore over ioredis. Each user has one session. A rotation takes one round trip ' +
    'more than its response waits for, because the last script runs afterwards, and so does a logout.',
  rows: [HEAD, ...traffic.map(({ what, ...cost }) => [what, ...costCells(cost)])]
})
