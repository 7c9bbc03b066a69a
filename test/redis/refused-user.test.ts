import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import * as redis6 from 'redis-6'
import t, { type Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisClient } from '../../types/clients/redis.ts'
import { type Handler, testApp } from '../support/app.ts'
import { RedisCluster } from '../support/redis-cluster.ts'
import { startRedis } from '../support/redis-server.ts'

const [server, cluster] = await Promise.all([startRedis(), RedisCluster.start()])
const single = new Redis(server.port)
const admins = [single, ...cluster.nodes.map(({ admin }) => admin)]
t.teardown(async () => {
  single.disconnect()
  await Promise.all([server.stop(), cluster.stop()])
})

/** Changes the user of the store on every server. */
const setUser = (...rules: string[]) =>
  Promise.all(admins.map((admin) => admin.call('ACL', 'SETUSER', LOGIN.username, ...rules)))
const setPassword = (password: string) =>
  Promise.all(admins.map((admin) => admin.config('SET', 'requirepass', password)))

const LOGIN = { username: 'sessions', password: 'a-long-secret' }
const RIGHTS = ['on', `>${LOGIN.password}`, '~*', '&*', '+@all']

interface Subject {
  readonly client: RedisClient
  /** Makes its connections forget their user, without closing them. */
  logOut(): Promise<unknown>
  close(): unknown
}

const socket = { host: '127.0.0.1', port: server.port }
const nodes = cluster.ports.map((port) => ({ host: '127.0.0.1', port }))
const rootNodes = nodes.map((node) => ({ socket: node }))

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  async ioredis() {
    const client = new Redis({ ...socket, ...LOGIN })
    return { client, logOut: () => client.call('RESET'), close: () => client.disconnect() }
  },
  async 'ioredis Cluster'() {
    const client = new Cluster(nodes, { redisOptions: LOGIN })
    const logOut = () => Promise.all(client.nodes('master').map((node) => node.call('RESET')))
    return { client, logOut, close: () => client.disconnect() }
  },
  async 'node-redis'() {
    const client = createClient({ socket, ...LOGIN })
    await client.connect()
    return { client, logOut: () => client.sendCommand(['RESET']), close: () => client.destroy() }
  },
  async 'node-redis cluster'() {
    const client = createCluster({ rootNodes, defaults: LOGIN })
    await client.connect()
    const logOut = () =>
      Promise.all(client.masters.map(async (node) => (await client.nodeClient(node)).sendCommand(['RESET'])))
    return { client, logOut, close: () => client.destroy() }
  },
  async 'node-redis 6'() {
    const client = redis6.createClient({ socket, ...LOGIN })
    await client.connect()
    return { client, logOut: () => client.sendCommand(['RESET']), close: () => client.destroy() }
  },
  async 'node-redis 6 cluster'() {
    const client = redis6.createCluster({ rootNodes, defaults: LOGIN })
    await client.connect()
    const logOut = () =>
      Promise.all(client.masters.map(async (node) => (await client.nodeClient(node)).sendCommand(['RESET'])))
    return { client, logOut, close: () => client.destroy() }
  }
}

const READ: Handler = (session) => session.data()
const WRITE: Handler = (session) => void (session.user = 'bob')

/** Starts an application with this client, and returns functions that check its requests. */
async function setUp(t: Test, make: () => Promise<Subject>) {
  const subject = await make()
  t.teardown(() => subject.close())
  const errors: (Error & { code?: string })[] = []
  const { send } = await testApp(t, { store: new RedisStore({ client: subject.client }) }, (app) => {
    app.addHook('onError', async (_request, _reply, error) => void errors.push(error))
  })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  const failsWith = async (handler: Handler, message: RegExp, sent: string | undefined = cookie) => {
    errors.length = 0
    const { status, lines } = await send(sent, handler)
    t.equal(status, 503)
    t.same(lines, [], 'the cookie is kept')
    t.match(errors, [{ code: 'FST_SESSION_STORE', cause: { message } }])
  }
  const isWell = async () => t.same((await send(cookie, READ)).body, { user: 'alice' })
  return { ...subject, failsWith, isWell }
}

for (const [name, make] of Object.entries(SUBJECTS)) {
  t.test(`${name}: after a user loses its permissions, the cause in the error is NOPERM`, async (t) => {
    await setUser(...RIGHTS)
    const { failsWith, isWell } = await setUp(t, make)
    await setUser('-set', '-evalsha', '-eval')
    await failsWith(WRITE, /^NOPERM .*'eval(sha)?' command/)
    await failsWith(WRITE, /^NOPERM .*'set' command/, '')
    await isWell()
    await setUser('-getex')
    await failsWith(READ, /^NOPERM .*'getex' command/)
    await setUser('+@all')
    await isWell()
  })

  t.test(`${name}: on a connection without a password, the cause in the error is NOAUTH`, async (t) => {
    await setUser(...RIGHTS)
    const { failsWith, isWell, logOut } = await setUp(t, make)
    await setPassword('secret')
    await logOut()
    await failsWith(READ, /^NOAUTH Authentication required/)
    await failsWith(WRITE, /^NOAUTH Authentication required/, '')
    await setPassword('')
    await isWell()
  })
}
