import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { resolveOptions } from '../../lib/fastify/options.ts'
import { Records } from '../../lib/record/records.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import type { SessionStore } from '../../types/store.ts'

const bound = { id: 'ada', handle: 'handle', at: 1, until: 2_000_000_000 }

/** A store whose lists give the answers of the test. */
function over(byUser: Record<string, unknown>, options: StarsessionsOptions = {}) {
  const inner = new InMemoryStore()
  const lists = { enlist: () => undefined, delist: () => undefined, list: () => [], end: () => [], ...byUser }
  const store = {
    read: (...args: Parameters<SessionStore['read']>) => inner.read(...args),
    write: (...args: Parameters<SessionStore['write']>) => inner.write(...args),
    remove: (id: string) => inner.remove(id),
    replace: (...args: Parameters<NonNullable<SessionStore['replace']>>) => inner.replace(...args),
    byUser: lists
  } as unknown as SessionStore
  return new Records(resolveOptions({ store, storeTimeout: 1, ...options })).users
}

const unavailable = (message: RegExp) => ({ code: 'FST_SESSION_STORE', cause: { message } })
const enlist = async (users: ReturnType<typeof over>) =>
  users.enlist('id', Buffer.from('a'), 60, 60, { bound, isListed: false, label: undefined })

t.test('wrong answers of the lists are refused', async (t) => {
  for (const answer of [undefined, null, true, 'enlisted', { enlisted: 1 }, { enlisted: false, reason: 'other' }]) {
    await t.rejects(enlist(over({ enlist: () => answer })), unavailable(/byUser\.enlist\(\) of the store must answer/))
  }
  for (const evicted of [undefined, 'handle', [1]]) {
    await t.rejects(enlist(over({ enlist: () => ({ enlisted: true, evicted }) })), unavailable(/a list of handles/))
  }
  const entry = { handle: 'h', authenticatedAt: 1, endsAt: 2, label: undefined, ttl: undefined }
  for (const answer of [
    undefined,
    {},
    [null],
    [{}],
    [{ ...entry, handle: 1 }],
    [{ ...entry, endsAt: '2' }],
    [{ ...entry, authenticatedAt: undefined }],
    [{ ...entry, label: 'text' }],
    [{ ...entry, ttl: null }]
  ]) {
    await t.rejects(async () => over({ list: () => answer }).list('ada'), unavailable(/byUser\.list\(\) of the store/))
  }
  t.same(await over({ list: () => [entry] }).list('ada'), [entry])
  for (const answer of [undefined, 1, [1]]) {
    await t.rejects(async () => over({ end: () => answer }).end('ada', { at: 1 }), unavailable(/a list of handles/))
  }
  for (const answer of [undefined, 1, 'yes']) {
    await t.rejects(async () => over({ isListed: () => answer }).isListed(bound), unavailable(/true or false/))
  }
})

t.test('a store that cannot tell whether a session is listed opens none', async (t) => {
  t.equal(await over({}).isListed(bound), false)
  t.equal(await over({ isListed: async () => true }).isListed(bound), true)
})

t.test('a list that fails or hangs is unavailable, and its channel is told', async (t) => {
  const seen: unknown[] = []
  const listen = (message: unknown) => void seen.push(message)
  subscribe('starsessions:store-error', listen)
  t.teardown(() => unsubscribe('starsessions:store-error', listen))
  const failing = over({ list: () => Promise.reject(new Error('down')) })
  await t.rejects(async () => failing.list('ada'), unavailable(/down/))
  const throwing = over({
    end: () => {
      throw new Error('broken')
    }
  })
  await t.rejects(async () => throwing.end('ada', { at: 1 }), unavailable(/broken/))
  t.match(seen, [{ duration: Number, error: { message: 'down' } }, { error: { message: 'broken' } }])
  // The timers of the library do not keep the process alive.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const hanging = over({ list: () => new Promise(() => undefined) })
  await t.rejects(async () => hanging.list('ada'), unavailable(/no answer within 1 s/))
})

t.test('taking an id out of the list never fails', async (t) => {
  for (const delist of [() => Promise.reject(new Error('down')), () => undefined]) {
    t.equal(await over({ delist }).delist('id', bound), undefined)
  }
  t.equal(await over({}).delist('id', undefined), undefined)
})

t.test('the store gets a hash of the cookie name and the user id', async (t) => {
  const names: string[] = []
  const list = (user: string) => {
    names.push(user)
    return []
  }
  await over({ list }).list('ada')
  await over({ list }, { cookieName: 'other' }).list('ada')
  await over({ list }).list('bob')
  await over({ list }).list('ada')
  for (const name of names) t.match(name, /^[\w-]{43}$/)
  t.equal(new Set(names).size, 3)
  t.equal(names[0], names[3])
})

t.test('a label goes through the serializer and the encryptor, and back', async (t) => {
  const encryptor = new FernetEncryptor(FernetEncryptor.generateKey())
  const inner = new InMemoryStore()
  for (const options of [{}, { encryptor }]) {
    const users = new Records(resolveOptions({ store: inner, ...options })).users
    const { bytes, size } = users.labelOf({ name: 'phone' })
    t.equal(size, '{"name":"phone"}'.length)
    const entering = { bound: { ...bound, handle: `handle-${size}` }, isListed: false, label: bytes }
    await users.enlist(`id-${options.encryptor !== undefined}`, Buffer.from('a'), 60, 60, entering)
    t.same((await users.list('ada')).at(-1)?.label, { name: 'phone' })
    await users.end('ada', { at: 0 })
  }
})

t.test('a label that cannot be read is left out', async (t) => {
  const entry = { handle: 'h', authenticatedAt: 1, endsAt: 2, label: Buffer.from('{'), ttl: 1 }
  const [damaged] = await over({ list: () => [entry] }).list('ada')
  t.same([damaged?.handle, damaged?.label], ['h', undefined])
  const encryptor = new FernetEncryptor(FernetEncryptor.generateKey())
  const [foreign] = await over({ list: () => [entry] }, { encryptor }).list('ada')
  t.same([foreign?.handle, foreign?.label], ['h', undefined])
})
