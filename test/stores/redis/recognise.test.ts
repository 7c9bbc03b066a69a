import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import * as redis6 from 'redis-6'
import t from 'tap'
import { recognise } from '../../../lib/stores/redis/recognise.ts'

const nothing = () => undefined

t.test('clients of each supported kind are recognised, connected or not', async (t) => {
  const connectionless = [
    new Redis({ lazyConnect: true }),
    new Redis.Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }),
    new Valkey({ lazyConnect: true }),
    new Valkey.Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }),
    createClient(),
    createClientPool(),
    createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }),
    createSentinel({ name: 'mymaster', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
  ]
  for (const client of connectionless) t.type(recognise(client).replace, 'function')
})

t.test('anything else is refused, and the message names its kind and the supported clients', async (t) => {
  const connecting = new Promise(nothing)
  const wrong: [unknown, string][] = [
    [undefined, 'undefined: make a client and pass it'],
    [null, 'null: make a client and pass it'],
    ['redis://localhost', 'a URL: make a client with it and pass the client'],
    [new URL('redis://localhost'), 'a URL: make a client with it and pass the client'],
    [Redis, 'a class or a function: pass the client that it makes'],
    [createClient, 'a class or a function: pass the client that it makes'],
    [connecting, 'a promise: await it'],
    [createClient().legacy(), "node-redis' legacy(): pass the client that it was called on"],
    // Imitations, because these versions are not installed here.
    [{ internal_send_command: nothing, send_command: nothing }, 'of node-redis 3 or older: install redis 5 or later'],
    [{ connect: nothing, sendCommand: nothing, v4: {} }, 'of node-redis 4: install redis 5 or later'],
    [
      { getBuffer: nothing, set: nothing, del: nothing, pexpire: nothing, defineCommand: nothing },
      'without getexBuffer(): install ioredis 5 or later'
    ],
    [{}, 'of an unknown kind'],
    [{ get: nothing, set: nothing, del: nothing }, 'of an unknown kind'],
    [7, 'of an unknown kind']
  ]
  const supported =
    'Supported are new Redis(url) or new Redis.Cluster(nodes) of ioredis (5 or 6) or iovalkey; createClient(), createClientPool(), createCluster() or createSentinel() of node-redis ("redis" 5 or later)'
  for (const [client, what] of wrong) {
    t.throws(
      () => recognise(client),
      { code: 'FST_SESSION_OPTIONS', message: `RedisStore: client is ${what}. ${supported}` },
      what
    )
  }
})

t.test('a keyPrefix of node-redis is refused on each kind of client, because raw commands do not get it', async (t) => {
  const cluster = { rootNodes: [{ url: 'redis://127.0.0.1:1' }] }
  const sentinel = { name: 'mymaster', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] }
  const clientsWith = (prefix: object) => [
    redis6.createClient(prefix),
    redis6.createClientPool(prefix),
    redis6.createCluster({ ...cluster, ...prefix }),
    redis6.createSentinel({ ...sentinel, ...prefix })
  ]
  const refused = {
    code: 'FST_SESSION_OPTIONS',
    message: 'RedisStore: client has a keyPrefix of its own: set the option "prefix" instead'
  }
  for (const client of clientsWith({ keyPrefix: 'app:' })) {
    t.throws(() => recognise(client), refused)
    t.throws(() => recognise(client.withTypeMapping({})), refused, 'a derived client is refused as well')
  }
  for (const client of clientsWith({ keyPrefix: Buffer.from('app:') })) t.throws(() => recognise(client), refused)
  for (const client of [...clientsWith({}), ...clientsWith({ keyPrefix: '' })]) {
    t.type(recognise(client).replace, 'function')
  }
})
