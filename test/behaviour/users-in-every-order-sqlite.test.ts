import Database from 'better-sqlite3'
import t from 'tap'
import { SqliteStore } from '../../lib/stores/sqlite.ts'
import { callStage } from '../support/user-stages.ts'
import { USER_PAIRS, UserWalk, walked } from '../support/user-walk.ts'

// Without the random part, a pause between two attempts is as short as it can be.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

t.test('over SQLite, two requests of a user keep all promises in every order of their store calls', async (t) => {
  const database = new Database(':memory:')
  t.teardown(() => database.close())
  const fresh = () => {
    database.exec('DROP TABLE IF EXISTS starsessions')
    return new SqliteStore({ database }).createTable()
  }
  const walk = await UserWalk.over(t, callStage(fresh))
  const orders = await walk.hold(
    t,
    walked(USER_PAIRS, (index) => index % 2 === 0)
  )
  t.comment(`${orders} orders`)
})
