import pg from 'pg'
import t from 'tap'
import { startPostgres } from '../../support/postgres-server.ts'
import { AnswerCounter, PostgresCounter } from './postgres-counter.ts'

/** A row of two bytes, and the message that ends an answer. */
const ANSWER = Buffer.from([0x44, 0, 0, 0, 6, 0x5a, 0x5a, 0x5a, 0, 0, 0, 5, 0x49])

t.test('an answer counts once, however it is cut into chunks', async (t) => {
  const twice = Buffer.concat([ANSWER, ANSWER])
  for (let cut = 0; cut <= twice.length; cut++) {
    const counter = new AnswerCounter()
    const answers = counter.count(twice.subarray(0, cut)) + counter.count(twice.subarray(cut))
    t.equal(answers, 2, `cut after ${cut} bytes`)
  }
})

t.test('each query takes a round trip, prepared or not', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const counter = await PostgresCounter.start(server.port)
  const client = new pg.Client({ ...server.connection, port: counter.port })
  await client.connect()
  counter.take()
  await client.query('SELECT 1')
  t.match(counter.take(), { roundTrips: 1 })
  for (let turn = 0; turn < 2; turn++) await client.query({ name: 'echo', text: 'SELECT $1::text', values: ['Z'] })
  const { roundTrips, bytesIn, bytesOut } = counter.take()
  t.equal(roundTrips, 2)
  t.ok(bytesIn > 50 && bytesOut > 50, 'bytes of both directions')
  t.same(counter.take(), { roundTrips: 0, bytesIn: 0, bytesOut: 0 })
  await client.end()
  await counter.stop()
})
