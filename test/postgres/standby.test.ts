import t from 'tap'
import { PostgresStore } from '../../lib/stores/postgres.ts'
import { testApp } from '../support/app.ts'
import { pgPool } from '../support/postgres-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { waitUntil } from '../support/wait-until.ts'

t.test(
  'after a failover, a standby answers 503 to writes until it is the primary, and nobody is logged out',
  async (t) => {
    const primary = await startPostgres()
    t.teardown(() => primary.stop())
    const first = pgPool(primary.connection)
    t.teardown(() => first.end())
    const before = new PostgresStore({ client: first })
    await before.createTable()
    const { send: sendBefore } = await testApp(t, { store: before, lifetime: 3600 })
    const { cookie } = await sendBefore(undefined, (session) => void (session.user = 'ada'))
    const standby = await startPostgres({ standbyOf: primary.port })
    t.teardown(() => standby.stop())
    await primary.crash()

    const second = pgPool(standby.connection)
    t.teardown(() => second.end())
    const { send, problems } = await testApp(t, { store: new PostgresStore({ client: second }), lifetime: 3600 })
    t.match(await send(cookie, (session) => session.data()), { status: 200, body: { user: 'ada' } })
    const refused = await send(cookie, (session) => void (session.n = 1))
    t.match(refused, { status: 503, headers: { 'retry-after': '5' }, lines: [] })
    t.match(
      JSON.stringify(problems()),
      'the server is read-only, as a standby is: the client must connect to the primary'
    )

    await standby.sql('SELECT pg_promote()')
    await waitUntil('a write', async () => (await send(cookie, (session) => void (session.n = 2))).status === 200)
    t.match(await send(cookie, (session) => session.data()), { body: { user: 'ada', n: 2 } })
  }
)
