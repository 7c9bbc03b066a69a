import { randomBytes } from 'node:crypto'
import t from 'tap'
import { PostgresStore } from '../../../lib/stores/postgres.ts'
import type { Listing } from '../../../types/users/sessions-by-user.ts'
import { pgPool } from '../../support/postgres-clients.ts'
import { startPostgres } from '../../support/postgres-server.ts'

const server = await startPostgres()
t.teardown(() => server.stop())

const name = (bytes: number) => randomBytes(bytes).toString('base64url')
const login = (user: string, changes: Partial<Listing> = {}): Listing => ({
  user,
  handle: name(12),
  authenticatedAt: Date.now() / 1000,
  endsAt: Date.now() / 1000 + 3600,
  label: undefined,
  isListed: false,
  max: 3,
  whenFull: 'end-oldest',
  ...changes
})

t.test('two processes never exceed the limit of a user, and the end of all sessions misses none', async (t) => {
  const stores = [1, 2].map(() => {
    const client = pgPool(server.connection)
    t.teardown(() => client.end())
    return new PostgresStore({ client })
  })
  await stores[0]!.createTable()
  for (let round = 0; round < 5; round++) {
    const user = name(32)
    const ids = Array.from({ length: 20 }, () => name(32))
    const enlist = (id: string, index: number) =>
      stores[index % 2]!.byUser.enlist(id, Buffer.from(id), 3600, 3600, login(user))
    await Promise.all(ids.map(enlist))
    t.equal((await stores[0]!.byUser.list(user)).length, 3)
    const alive = await Promise.all(ids.map((id) => stores[1]!.read(id, 3600)))
    t.equal(alive.filter((data) => data !== null).length, 3)
    const late = Array.from({ length: 10 }, () => name(32))
    const at = Date.now() / 1000 + 5
    await Promise.all([stores[1]!.byUser.end(user, { at }), ...late.map(enlist)])
    for (const id of [...ids, ...late]) t.equal(await stores[0]!.read(id, 3600), null)
    t.same(await stores[0]!.byUser.list(user), [])
  }
})

t.test('a list that others change again and again is an error in the end', async (t) => {
  const { random } = Math
  t.teardown(() => Object.assign(Math, { random }))
  Math.random = () => 0
  let sent = 0
  const client = {
    async query() {
      sent++
      return { rows: [] }
    }
  }
  const { byUser } = new PostgresStore({ client })
  await t.rejects(Promise.resolve(byUser.enlist('id', Buffer.from('data'), 60, 60, login('user'))), {
    message: /were changed by others 200 times in a row/
  })
  await t.rejects(Promise.resolve(byUser.end('user', { at: 1 })), { message: /200 times in a row/ })
  t.equal(sent, 800)
})
