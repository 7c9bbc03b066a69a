import t from 'tap'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { callStage } from '../support/user-stages.ts'
import { ENDING_TRIPLES, USER_PAIRS, UserWalk, walked } from '../support/user-walk.ts'

// Without the random part, a pause between two attempts is as short as it can be.
const { random } = Math
Math.random = () => 0
t.teardown(() => {
  Math.random = random
})

t.test('two requests of a user keep all promises in every order of their store calls', async (t) => {
  const walk = await UserWalk.over(
    t,
    callStage(() => new InMemoryStore())
  )
  const orders = await walk.hold(t, USER_PAIRS)
  t.comment(`${orders} orders`)
})

t.test('two requests keep all promises, also if one dies after any of its calls', async (t) => {
  const walk = await UserWalk.over(
    t,
    callStage(() => new InMemoryStore())
  )
  const orders = await walk.hold(
    t,
    walked(USER_PAIRS, (index) => index % 2 === 1),
    true
  )
  t.comment(`${orders} orders`)
})

t.test('with a limit of two, never more than two sessions are alive', async (t) => {
  const walk = await UserWalk.over(
    t,
    callStage(() => new InMemoryStore()),
    { perUser: { max: 2 } }
  )
  const orders = await walk.hold(t, [...USER_PAIRS.slice(0, 19), ['login', 'login', 'login']], true)
  t.comment(`${orders} orders`)
})

t.test('three requests keep all promises, one of them endAll()', async (t) => {
  const walk = await UserWalk.over(
    t,
    callStage(() => new InMemoryStore())
  )
  const orders = await walk.hold(
    t,
    walked(ENDING_TRIPLES, (index) => index % 8 === 0)
  )
  t.comment(`${orders} orders`)
})
