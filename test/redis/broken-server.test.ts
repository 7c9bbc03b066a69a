import t, { type Test } from 'tap'
import { startBrokenProxy } from '../support/broken-proxy.ts'
import { meets, type Row, refusals, type Ways } from '../support/redis-faults.ts'
import { startRedis } from '../support/redis-server.ts'
import { connectTo, type Library } from '../support/redis-topologies.ts'

const LOST = /no answer within|Socket closed|Connection is closed|max retries per request|ECONNRESET/

const ROWS: readonly Row[] = [
  ['the connection is reset in the middle of an answer', { kind: 'half an answer', by: 'RST' }, 'done', LOST],
  ['the connection is closed in the middle of an answer', { kind: 'half an answer', by: 'FIN' }, 'done', LOST],
  [
    'the connection is closed after the command ran and before its answer',
    { kind: 'done, but no answer' },
    'done',
    LOST
  ],
  // After a new connection ioredis repeats the commands that had no answer.
  ['no answer comes, and the connection stays open', { kind: 'hang' }, 'perhaps done', LOST],
  [
    'the answer announces a text of 8 EB',
    { kind: 'answer, then hang', bytes: '$9223372036854775807\r\nabc' },
    'perhaps done',
    LOST
  ],
  [
    'the answer is not in the protocol of Redis',
    { kind: 'answer, then hang', bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n\xff\x00' },
    'perhaps done',
    /no answer within|Unknown RESP type/
  ],
  ...refusals('127.0.0.1:1')
]

/** One request of each test waits this long. A busy machine needs less than that for an answer. */
const STORE_TIMEOUT_SECONDS = 3

const server = await startRedis()
t.teardown(() => server.stop())

async function setUp(t: Test, library: Library): Promise<Ways> {
  const proxy = await startBrokenProxy(server.port)
  const behind = await connectTo({ kind: 'single', ports: [proxy.port] }, library)
  const direct = await connectTo({ kind: 'single', ports: [server.port] }, library)
  t.teardown(async () => {
    behind.close()
    direct.close()
    await proxy.stop()
  })
  return { behind: behind.client, proxies: [proxy], direct: direct.client, storeTimeout: STORE_TIMEOUT_SECONDS }
}

// An unhandled rejection would fail the test as well.
const runs = (['ioredis', 'node-redis'] as const).flatMap((library) =>
  ROWS.map((row) =>
    t.test(`${library}: ${row[0]}`, { buffered: true }, async (t) => meets(t, await setUp(t, library), row))
  )
)
t.jobs = ROWS.length
await Promise.all(runs)
