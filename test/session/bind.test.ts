import t from 'tap'
import { bind, isRebound, unbind } from '../../lib/session/bind.ts'
import type { SessionState } from '../../lib/session/state.ts'
import { fakeClock } from '../support/fake-clock.ts'

const START = 1_700_000_000
const metadata = { lifetime: 60, created: START - 30, last_access: START }

function make(more: object = {}): SessionState {
  const expiry = { lifetime: 60, rolling: false, every: 0, absoluteLifetime: undefined }
  const labelOf = (label: unknown) => ({ bytes: Buffer.from(String(label)), size: String(label).length })
  return {
    kind: { canBind: true, labelOf, expiry },
    metadata,
    stored: { metadata },
    ...more
  } as unknown as SessionState
}

t.test('a bound session has a random handle, the time of the login, and an end', async (t) => {
  fakeClock(t)
  const [one, other] = [make(), make()]
  for (const state of [one, other]) bind(state, 'ada', { label: 'phone' })
  t.match(one.metadata.user, { id: 'ada', at: START, until: START + 30 })
  t.match(one.metadata.user?.handle, /^[\w-]{16}$/)
  t.not(one.metadata.user?.handle, other.metadata.user?.handle)
  t.same(one.label, Buffer.from('phone'))
  t.equal(isRebound(one), true)
})

t.test('the same user keeps the handle, and another one gets a new one', async (t) => {
  const state = make()
  bind(state, 'ada', undefined)
  const { handle } = state.metadata.user!
  bind(state, 'ada', {})
  t.equal(state.metadata.user?.handle, handle)
  bind(state, 'bob', {})
  t.not(state.metadata.user?.handle, handle)
})

t.test('a login in the future counts as now, because clocks differ', async (t) => {
  fakeClock(t)
  const state = make()
  bind(state, 'ada', { authenticatedAt: new Date((START + 60) * 1000) })
  t.equal(state.metadata.user?.at, START)
  bind(state, 'ada', { authenticatedAt: new Date((START - 60) * 1000) })
  t.equal(state.metadata.user?.at, START - 60)
})

t.test('a session without a user stays as it is when the binding ends', async (t) => {
  const state = make()
  unbind(state)
  t.equal(state.metadata, metadata)
  t.equal(isRebound(state), false)
  bind(state, 'ada', { label: 'phone' })
  unbind(state)
  t.same([state.metadata, state.label], [metadata, undefined])
  t.equal(isRebound(make({ stored: null })), false)
})

t.test('the user id must be text that UTF-8 can write, so that two users never share a list', async (t) => {
  for (const id of ['a\ud800', '\udc00', '\udc00\ud800']) {
    t.throws(() => bind(make(), id, {}), { code: 'FST_SESSION_OPTIONS', message: /half a character/ })
  }
  const state = make()
  bind(state, '\u{1f600}', {})
  t.equal(state.metadata.user?.id, '\u{1f600}')
})
