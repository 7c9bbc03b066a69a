import t from 'tap'
import { startRedis } from '../../support/redis-server.ts'
import { measureUserTraffic, userTrafficSection } from './user-traffic.ts'

const server = await startRedis()
t.teardown(() => server.stop())

t.test('the sessions of users need as many round trips as the documentation says', async (t) => {
  const traffic = await measureUserTraffic(server.port, () => undefined)
  const roundTrips = traffic.map(({ what, roundTrips }) => [what, Math.round(roundTrips)])
  t.same(Object.fromEntries(roundTrips), {
    'read a key': 1,
    'change a key': 2,
    login: 2,
    'login over a cart': 4,
    // The last one of these two is not waited for.
    'a new id': 5,
    logout: 3,
    'list()': 2,
    'endAll()': 3
  })
  const { rows } = userTrafficSection(traffic)
  t.equal(rows.length, traffic.length + 1)
  t.ok(rows.every((row) => row.length === rows[0]?.length))
})
