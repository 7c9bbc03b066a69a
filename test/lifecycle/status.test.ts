import v8 from 'node:v8'
import t from 'tap'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Lifecycle } from '../../lib/lifecycle/lifecycle.ts'
import { type Status, statusOf } from '../../lib/lifecycle/status.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'
import { stateOf } from '../../lib/session/session.ts'
import type { SessionState } from '../../lib/session/state.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MapStore } from '../support/map-store.ts'

const AT = 1_700_000_000
const fixed = { lifetime: 60, rolling: false, every: 0, absoluteLifetime: undefined }
const rolling = { lifetime: 60, rolling: true, every: 0, absoluteLifetime: 90 }
const state = (differences: Partial<SessionState> = {}) =>
  ({
    stored: { metadata: {} },
    mustRotate: false,
    cookieChanged: false,
    metadata: { lifetime: 60, created: AT - 10, last_access: AT - 10 },
    ...differences
  }) as SessionState
const old = { metadata: { lifetime: 60, created: AT - 90, last_access: AT - 90 } }
const raised = { metadata: { lifetime: 30, created: AT - 10, last_access: AT - 10 } }
const limited = {
  metadata: { lifetime: 60, created: AT - 10, last_access: AT - 10, limit: { lifetime: 20, from: AT - 10 } }
}

t.test('the status names the work of a commit', async (t) => {
  const cases: [Status, Parameters<typeof statusOf>][] = [
    ['new-empty', [state({ stored: null }), fixed, {}, false, AT]],
    ['new-empty', [state({ stored: null }), fixed, { flash: {}, list: [] }, false, AT]],
    ['new', [state({ stored: null }), fixed, { a: 1 }, false, AT]],
    ['new-empty', [state({ stored: null, isSuperseded: true }), rolling, {}, false, AT]],
    ['superseded', [state({ stored: null, isSuperseded: true }), fixed, { a: 1 }, false, AT]],
    ['unchanged', [state(), fixed, { a: 1 }, false, AT]],
    ['prolonged', [state(), rolling, { a: 1 }, false, AT]],
    ['changed', [state(), fixed, { a: 2 }, true, AT]],
    ['changed', [state({ cookieChanged: true }), fixed, { a: 1 }, false, AT]],
    ['rotated', [state({ mustRotate: true }), rolling, { a: 1 }, false, AT]],
    ['emptied', [state({ mustRotate: true }), rolling, {}, true, AT]],
    ['ended', [state(old), fixed, { a: 2 }, true, AT]],
    ['ended', [state({ ...old, mustRotate: true }), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(old), rolling, { a: 1 }, false, AT]],
    ['renewed', [state(raised), fixed, { a: 1 }, false, AT]],
    ['renewed', [state(raised), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(raised), fixed, {}, false, AT]],
    ['changed', [state(raised), fixed, { a: 2 }, true, AT]],
    ['renewed', [state(limited), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(limited), fixed, { a: 1 }, false, AT]]
  ]
  for (const [status, given] of cases) t.equal(statusOf(...given), status)
})

const TIMES = { lifetime: 60, created: AT - 10, last_access: AT - 10 }

const log = { debug() {}, warn() {}, error() {} }
const commands = {
  save: async () => undefined,
  destroy: async () => undefined,
  reload: async () => undefined,
  ended: () => new AbortController().signal,
  update: async () => undefined as never
}

/** A serializer that can keep a Map, unlike JSON. */
const structured = {
  serialize: (data: object): Uint8Array => v8.serialize(data),
  deserialize: (bytes: Uint8Array) => v8.deserialize(bytes)
}

/** @param record the stored record, or `undefined` for a session that is not stored */
async function load(record: Uint8Array | string | undefined, options: StarsessionsOptions = {}) {
  const store = new MapStore()
  if (record !== undefined) await store.write('known', Buffer.from(record), 0, 0)
  const lifecycle = new Lifecycle(resolveOptions({ store, lifetime: 60, ...options }))
  return { reviewer: lifecycle.reviewer, session: await lifecycle.load('known', commands, log) }
}

const json = (data: object) => JSON.stringify({ ...data, __metadata__: TIMES })

t.test('a session is changed while its data differ at any depth, and unchanged after an undo', async (t) => {
  fakeClock(t, AT)
  const { reviewer, session } = await load(json({ cart: [{ n: 1 }] }))
  const untouched = reviewer.review(session)
  t.match(untouched, { status: 'unchanged', at: AT, data: { cart: [{ n: 1 }] } })
  t.equal(untouched.body, undefined, 'the data were not serialized')
  session.cart[0].n = 2
  const changed = reviewer.review(session)
  t.equal(changed.status, 'changed')
  t.equal(changed.body?.form, '{"cart":[{"n":2}]}')
  session.cart = [{ n: 1 }]
  t.equal(reviewer.review(session).status, 'unchanged', 'equal data in other objects')
  delete session.cart
  t.equal(reviewer.review(session).status, 'emptied')
})

t.test('a record in the spelling of another program is not a change', async (t) => {
  fakeClock(t, AT)
  const python = `{"__metadata__": ${JSON.stringify(TIMES)}, "user": "alic\\u00e9", "n": 1.0}`
  const { reviewer, session } = await load(python)
  t.equal(reviewer.review(session).status, 'unchanged')
  const state = stateOf(session)
  Object.assign(state, { stored: { ...state.stored, snapshot: undefined } })
  t.equal(reviewer.review(session).status, 'unchanged', 'unchanged without the copy of the data as well')
  session.user = 'bob'
  t.equal(reviewer.review(session).status, 'changed')
})

t.test('a key that was deleted and set again is not a change', async (t) => {
  fakeClock(t, AT)
  const { reviewer, session } = await load(json({ a: 1, b: 2 }))
  delete session.a
  session.a = 1
  t.equal(reviewer.review(session).status, 'unchanged')
})

t.test('data that cannot be copied are compared by their bytes', async (t) => {
  fakeClock(t, AT)
  const record = v8.serialize({ seen: new Map([['a', 1]]), __metadata__: TIMES })
  const { reviewer, session } = await load(record, { serializer: structured })
  t.equal(stateOf(session).stored?.snapshot, undefined)
  t.equal(reviewer.review(session).status, 'unchanged')
  session.seen.set('b', 2)
  t.equal(reviewer.review(session).status, 'changed')
})

t.test('reading the data of a session does not serialize them', async (t) => {
  fakeClock(t, AT)
  let serialized = 0
  class Counting extends JsonSerializer {
    override serialize(data: object): Uint8Array {
      serialized++
      return super.serialize(data)
    }
  }
  const { reviewer, session } = await load(json({ a: 1, at: { b: [null, 'x'] } }), { serializer: new Counting() })
  t.equal(reviewer.hasUnsavedChanges(session), false)
  t.equal(session.isModified, false)
  t.equal(serialized, 0)
  session.a = 2
  t.equal(reviewer.hasUnsavedChanges(session), true)
  t.not(serialized, 0)
})

t.test('a session that is not stored is new as soon as it holds data', async (t) => {
  const { reviewer, session } = await load(undefined)
  t.equal(reviewer.review(session).status, 'new-empty')
  session.list = []
  t.equal(reviewer.hasUnsavedChanges(session), false)
  session.user = 'alice'
  t.match(reviewer.review(session), { status: 'new', data: { user: 'alice' } })
  t.equal(reviewer.hasUnsavedChanges(session), true)
})

t.test('the status depends on the time of the commit, not on the time of the load', async (t) => {
  const clock = fakeClock(t, AT)
  const { reviewer, session } = await load(json({ a: 1 }))
  session.a = 2
  clock.advance(49.9)
  t.equal(reviewer.review(session).status, 'changed')
  clock.advance(0.1)
  t.match(reviewer.review(session), { status: 'ended', at: AT + 50 })
})

t.test('a new id is an unsaved change, but a prolongation is not', async (t) => {
  fakeClock(t, AT)
  const { reviewer, session } = await load(json({ a: 1 }), { rolling: true })
  t.equal(reviewer.review(session).status, 'prolonged')
  t.equal(reviewer.hasUnsavedChanges(session), false)
  await session.regenerateId()
  t.equal(reviewer.hasUnsavedChanges(session), true)
})

t.test('data that cannot be serialized are an unsaved change, and only the commit throws', async (t) => {
  fakeClock(t, AT)
  const throwing = () => {
    throw new Error('secret')
  }
  const cases: [string, unknown, { code: string; message: RegExp }][] = [
    ['a BigInt', 1n, { code: 'FST_SESSION_SERIALIZE', message: /key "bad" holds a BigInt/ }],
    ['a function', throwing, { code: 'FST_SESSION_SERIALIZE', message: /key "bad" holds a function/ }],
    [
      'a getter in it',
      Object.defineProperty({}, 'x', { get: throwing, enumerable: true }),
      { code: 'FST_SESSION_SERIALIZE', message: /key "bad\.x" cannot be read/ }
    ]
  ]
  for (const [what, value, error] of cases) {
    const { reviewer, session } = await load(json({ a: 1 }))
    session.bad = value
    t.equal(reviewer.tryReview(session), undefined, what)
    t.equal(reviewer.hasUnsavedChanges(session), true, what)
    t.throws(() => reviewer.review(session), error, what)
    delete session.bad
    t.match(reviewer.tryReview(session), { status: 'unchanged' }, what)
  }
  const { reviewer, session } = await load(json({ a: 1 }))
  Object.defineProperty(session, 'own', { get: throwing, enumerable: true, configurable: true })
  t.equal(reviewer.tryReview(session), undefined)
  t.throws(() => reviewer.review(session), { code: 'FST_SESSION_SERIALIZE', message: /key "own" cannot be read/ })
})
