import t from 'tap'
import { changeData, createSession, stateOf } from '../../lib/session/session.ts'
import type { SessionCommands, SessionKind } from '../../lib/session/state.ts'
import type { Session } from '../../types/session.ts'
import { fakeClock } from '../support/fake-clock.ts'

const recordOf = (data: object) => JSON.stringify(data)

function make(data: Record<string, unknown> = {}, isStored = true): Session {
  let ids = 1
  const kind: SessionKind = {
    expiry: { lifetime: 60, rolling: false, every: 0, absoluteLifetime: undefined },
    newId: () => `id-${++ids}`,
    canBind: true,
    labelOf: () => ({ bytes: Buffer.alloc(0), size: 0 }),
    recordOf,
    isChanged: (data, { record }) => recordOf(data) !== record
  }
  const commands: SessionCommands = {
    save: async () => undefined,
    destroy: async () => undefined,
    reload: async () => undefined,
    ended: () => new AbortController().signal,
    update: async () => undefined as never
  }
  return createSession(
    {
      kind,
      commands,
      id: 'id-1',
      stored: isStored ? { id: 'id-1', bytes: Buffer.alloc(0), record: recordOf(data), metadata } : null,
      remnant: null,
      isSuperseded: false,
      seenAt: 0,
      metadata,
      mergeableKeys: null,
      label: undefined,
      evicted: [],
      mustRotate: false,
      unconfirmed: null,
      cookieChanged: false,
      prolonged: false,
      aside: new Map()
    },
    data
  )
}

const metadata = { lifetime: 60, created: 1_700_000_000, last_access: 1_700_000_005 }

const MEMBERS = [
  'get', 'set', 'has', 'delete', 'clear', 'data', 'toJSON', 'id', 'isNew', 'isModified', 'isEmpty', 'metadata',
  'remainingSeconds', 'regenerateId', 'regenerate', 'destroy', 'save', 'reload', 'options'
] // biome-ignore format: a table
const INHERITED = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'toLocaleString']

t.test('data are plain properties', async (t) => {
  const session = make({ user: 'alice' })
  session.cart = [1]
  t.same(Object.keys(session), ['user', 'cart'])
  t.same({ ...session }, { user: 'alice', cart: [1] })
  t.equal(JSON.stringify(session), '{"user":"alice","cart":[1]}')
  const seen: string[] = []
  for (const key in session) seen.push(key)
  t.same(seen, ['user', 'cart'])
  delete session.cart
  t.same(session.data(), { user: 'alice' })
})

t.test('get, set, has and delete work on the same data', async (t) => {
  const session = make({ user: 'alice' })
  t.equal(session.get('user'), 'alice')
  t.equal(session.get('missing'), undefined)
  session.set('n', 1)
  t.equal(session.n, 1)
  t.equal(session.has('n'), true)
  session.set('n', undefined)
  t.equal(session.has('n'), false)
  t.notOk('n' in session)
  t.equal(session.delete('user'), true)
  t.equal(session.delete('user'), false)
  t.equal(session.isEmpty, true)
})

t.test('an undefined property counts as absent', async (t) => {
  const session = make()
  session.user = undefined
  t.equal(session.isEmpty, true)
  t.equal(session.has('user'), false)
  t.same(Object.keys(session.data()), [])
})

t.test('data() is a copy', async (t) => {
  const session = make({ user: 'alice' })
  session.data().user = 'mallory'
  t.equal(session.user, 'alice')
})

t.test('a symbol is not a data key', async (t) => {
  const session = make()
  Object.assign(session, { [Symbol('s')]: 1 })
  t.throws(() => session.data(), { code: 'FST_SESSION_KEY', message: /symbol/ })
  session.clear()
  t.same(session.data(), {})
})

t.test('if a getter throws, the message names its key', async (t) => {
  const session = make()
  const get = () => {
    throw new Error('secret')
  }
  Object.defineProperty(session, 'total', { get, enumerable: true, configurable: true })
  for (const read of [() => session.data(), () => JSON.stringify(session)]) {
    const error = t.throws(read, {
      code: 'FST_SESSION_SERIALIZE',
      message: 'The session cannot be serialized: key "total" cannot be read: its getter throws'
    }) as Error
    t.notMatch(String(error.cause), 'secret')
  }
  t.equal(session.isEmpty, false)
  t.equal(session.isModified, true)
})

t.test('an own key __proto__ is an ordinary key', async (t) => {
  const session = make({ user: 'alice' })
  Object.defineProperty(session, '__proto__', { value: { isAdmin: true }, enumerable: true, configurable: true })
  const data = session.data()
  t.same(Object.keys(data), ['user', '__proto__'])
  t.equal(Object.getPrototypeOf(data), Object.prototype)
  t.equal(data.isAdmin, undefined)
  t.same(session.get('__proto__'), { isAdmin: true })
  t.equal(session.has('__proto__'), true)
  t.equal(session.delete('__proto__'), true)
  t.same(session.data(), { user: 'alice' })
})

t.test('properties of Object.prototype are not data', async (t) => {
  Object.assign(Object.prototype, { cart: 'inherited' })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'cart'))
  const session = make({ user: 'alice' })
  t.equal(session.get('cart'), undefined)
  t.equal(session.has('cart'), false)
  t.equal(session.delete('cart'), false)
  t.same(Object.keys(session.data()), ['user'])
  t.equal(session.isModified, false)
})

t.test('no assignment shadows a member', async (t) => {
  const session = make() as unknown as Record<string, unknown>
  for (const name of [...MEMBERS, ...INHERITED, '__metadata__']) {
    const before = session[name]
    t.throws(
      () => {
        session[name] = 'x'
      },
      { code: 'FST_SESSION_KEY' }
    )
    t.throws(() => Object.assign(session, JSON.parse(`{${JSON.stringify(name)}:1}`)), { code: 'FST_SESSION_KEY' })
    const sloppy = new Function('session', 'name', 'session[name] = 1')
    t.throws(() => sloppy(session, name), { code: 'FST_SESSION_KEY' })
    t.same(typeof session[name], typeof before)
  }
  t.throws(() => {
    session.id = 'x'
  }, /session\.set\("id", value\)/)
  t.same(Object.keys(session), [])
})

t.test('keys with the name of a member are kept aside and shadow nothing', async (t) => {
  const names = [...MEMBERS, ...INHERITED]
  const record = JSON.parse(
    `{${names.map((name) => `${JSON.stringify(name)}:"stored ${name}"`).join()},"user":"alice"}`
  )
  const session = make(record)
  t.equal(session.id, 'id-1')
  t.same(Object.keys(session), ['user'])
  t.same(Object.keys(session.data()).sort(), [...names, 'user'].sort())
  t.equal(Object.getPrototypeOf(session.data()), Object.prototype)
  for (const name of names) {
    t.equal(session.get(name), `stored ${name}`)
    t.equal(session.has(name), true)
  }
  session.set('id', 'mine')
  t.equal(session.get('id'), 'mine')
  t.equal(session.id, 'id-1')
  t.equal(session.isModified, true)
  delete session.user
  t.equal(session.isEmpty, false)
  for (const name of names) t.equal(session.delete(name), true)
  t.equal(session.isEmpty, true)
  t.throws(() => session.set('__metadata__', {}), { code: 'FST_SESSION_KEY', message: /another key/ })
})

t.test('nested changes count, and reading does not', async (t) => {
  const session = make({ cart: { items: [{ n: 1 }] } })
  t.equal(session.isModified, false)
  t.equal(session.cart.items[0].n, 1)
  t.equal(session.isModified, false)
  session.cart.items[0].n = 2
  t.equal(session.isModified, true)
  session.cart.items[0].n = 1
  t.equal(session.isModified, false)
  session.cart.n = 1n
  t.equal(session.isModified, true, 'data that cannot be serialized count as changed')
})

t.test('a new session is modified when it has data', async (t) => {
  const session = make({}, false)
  t.equal(session.isNew, true)
  t.equal(session.isModified, false)
  session.user = 'alice'
  t.equal(session.isModified, true)
  t.equal(make().isNew, false)
})

t.test('metadata and remaining time are in seconds', async (t) => {
  fakeClock(t, 1_700_000_010.5)
  const session = make()
  t.same(session.metadata, { lifetime: 60, created: 1_700_000_000, lastAccess: 1_700_000_005 })
  t.equal(session.remainingSeconds, 50)
})

t.test('regenerateId() gives a new id to the same data', async (t) => {
  const session = make({ user: 'alice' })
  const { created } = session.metadata
  await session.regenerateId()
  t.equal(session.id, 'id-2')
  t.equal(session.user, 'alice')
  t.equal(session.metadata.created, created, 'it does not prolong the session')
  t.equal(stateOf(session).mustRotate, true)
  const fresh = make({}, false)
  await fresh.regenerateId()
  t.equal(fresh.id, 'id-2')
  t.equal(stateOf(fresh).mustRotate, false)
})

t.test('regenerate() keeps only the listed keys and starts a new lifetime', async (t) => {
  fakeClock(t, 1_700_000_030)
  const session = make(JSON.parse('{"user":"alice","cart":[1],"id":"x","csrf":"t"}'))
  await session.regenerate(['cart', 'id', 'missing'])
  t.same(session.data(), { cart: [1], id: 'x' })
  t.equal(session.id, 'id-2')
  t.same(session.metadata, { lifetime: 60, created: 1_700_000_030, lastAccess: 1_700_000_030 })
  await session.regenerate()
  t.equal(session.isEmpty, true)
})

t.test('after clear(), regenerate(keep) takes no keys of other requests', async (t) => {
  const session = make({ cart: 1 })
  t.equal(stateOf(session).mergeableKeys, null)
  await session.regenerate(['cart', 'csrf'])
  t.same([...(stateOf(session).mergeableKeys ?? [])], ['cart', 'csrf'])
  await session.regenerate(['cart'])
  t.same([...(stateOf(session).mergeableKeys ?? [])], ['cart'])
  session.clear()
  await session.regenerate(['cart'])
  t.same([...(stateOf(session).mergeableKeys ?? [])], [])
})

t.test('regenerate() keeps cookie options of this request, but no older ones', async (t) => {
  const session = make({ a: 1 })
  session.options({ maxAge: null })
  await session.regenerate()
  t.same(stateOf(session).metadata.cookie, { maxAge: null })
  stateOf(session).cookieChanged = false
  await session.regenerate()
  t.equal(stateOf(session).metadata.cookie, undefined)
})

t.test('options() takes maxAge and ignores unknown options', async (t) => {
  const session = make({ a: 1 })
  session.options({})
  session.options({ userInfo: 'x', path: '/' })
  ;(session.options as () => void)()
  t.equal(stateOf(session).cookieChanged, false)
  for (const key of ['maxage', 'MaxAge', 'max-age', 'max_age']) {
    t.throws(() => session.options({ [key]: null }), {
      code: 'FST_SESSION_OPTIONS',
      message: `session.options(): "${key}" is spelled "maxAge"`
    })
  }
  session.options({ maxAge: 10.9 })
  t.equal(stateOf(session).metadata.cookie?.maxAge, 10)
  t.equal(stateOf(session).cookieChanged, true)
  stateOf(session).cookieChanged = false
  session.options({ maxAge: 10 })
  t.equal(stateOf(session).cookieChanged, false, 'the same value again is not a change')
  session.options({ maxAge: 2 ** 60 })
  t.equal(stateOf(session).metadata.cookie?.maxAge, Number.MAX_SAFE_INTEGER, 'the largest value that a record can keep')
  session.options({ maxAge: Number.POSITIVE_INFINITY })
  t.equal(stateOf(session).metadata.cookie?.maxAge, Number.MAX_SAFE_INTEGER)
  for (const maxAge of [0, -1, 0.5, Number.NEGATIVE_INFINITY]) {
    session.options({ maxAge: 10 })
    session.options({ maxAge })
    t.equal(stateOf(session).metadata.cookie?.maxAge, 1, `${maxAge} becomes 1, the shortest Max-Age`)
  }
  for (const maxAge of [Number.NaN, '10', true]) {
    t.throws(() => session.options({ maxAge: maxAge as number }), { code: 'FST_SESSION_OPTIONS', message: /maxAge/ })
  }
})

t.test('wrong arguments are refused and change nothing', async (t) => {
  const session = make({ cart: 1 }) as unknown as Record<string, (argument: unknown) => unknown>
  for (const [member, wrong] of [
    ['regenerate', ['cart', null, {}]],
    ['options', [60, null, 'x']]
  ] as const) {
    for (const argument of wrong) {
      const message = new RegExp(`session\\.${member}\\(\\) takes`)
      t.throws(() => session[member]?.(argument), { code: 'FST_SESSION_OPTIONS', message })
    }
  }
  t.equal(session.cart, 1)
})

t.test('a callback is refused, and the message says to use await', async (t) => {
  const session = make() as unknown as Record<string, (callback: unknown) => unknown>
  for (const member of ['save', 'destroy', 'reload', 'regenerate']) {
    t.throws(() => session[member]?.(() => undefined), {
      code: 'FST_SESSION_OPTIONS',
      message: new RegExp(`await session\\.${member}\\(\\)`)
    })
  }
})

t.test('save, destroy and reload call the commands of the session', async (t) => {
  const asked: string[] = []
  const session = make()
  const note = (name: string) => async () => void asked.push(name)
  Object.assign(stateOf(session).commands, { save: note('save'), destroy: note('destroy'), reload: note('reload') })
  await session.save()
  await session.destroy()
  await session.reload()
  t.same(asked, ['save', 'destroy', 'reload'])
})

t.test('replacing the data removes all other keys', async (t) => {
  const session = make(JSON.parse('{"user":"alice","id":"x"}'))
  changeData(session, { n: 1 })
  t.same(session.data(), { n: 1 })
})
