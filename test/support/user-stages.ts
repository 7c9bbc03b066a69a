import { hash } from 'node:crypto'
import { type Cluster, Redis } from 'ioredis'
import { RedisStore } from '../../lib/stores/redis.ts'
import type { RedisClient } from '../../types/clients/redis.ts'
import type { SessionStore } from '../../types/store.ts'
import type { Alive, Gate, Stage } from './user-walk.ts'

const CALLS = ['read', 'write', 'remove', 'touch', 'replace'] as const
const LISTS = ['enlist', 'delist', 'list', 'end'] as const

type Call = (...args: unknown[]) => unknown

/** Puts each call of a store at the gate. Calls of a store in memory are one step each, and none of them commute. */
export function gatedCalls(store: () => SessionStore, gate: Gate): SessionStore {
  const at = (owner: () => object, name: string, isRead: boolean) =>
    function gated(...args: unknown[]) {
      return gate.pass(name, 'store', isRead, async () =>
        ((owner() as Record<string, Call>)[name] as Call).call(owner(), ...args)
      )
    }
  const members = CALLS.map((name) => [name, at(store, name, name === 'read')])
  const lists = LISTS.map((name) => [name, at(() => store().byUser as object, name, name === 'list')])
  return { ...Object.fromEntries(members), byUser: Object.fromEntries(lists) } as SessionStore
}

interface Parsed {
  readonly user?: { readonly handle: string }
  readonly rotated?: unknown
}

function metadataIn(bytes: Uint8Array | null): Parsed {
  try {
    return JSON.parse(Buffer.from(bytes ?? '').toString()).__metadata__ ?? {}
  } catch {
    return {}
  }
}

/**
 * Runs over a store whose calls are one step each.
 * @param make makes an empty store
 */
export function callStage(make: () => SessionStore): Stage {
  let store = make()
  const ids = new Set<string>()
  const current = new Proxy({} as SessionStore, {
    get(_, name: string) {
      const value = (store as unknown as Record<string, unknown>)[name]
      return typeof value === 'function' ? value.bind(store) : value
    }
  })
  const noting = (inner: SessionStore): SessionStore => ({
    ...inner,
    write: (id, ...rest) => {
      ids.add(id)
      return inner.write(id, ...rest)
    },
    byUser: {
      ...inner.byUser!,
      enlist: (id, ...rest) => {
        ids.add(id)
        return inner.byUser!.enlist(id, ...rest)
      }
    }
  })
  const openCalls = (): SessionStore => {
    const open: Gate = { pass: (_name: string, _key: string, _isRead: boolean, call: Call) => call() } as never
    return gatedCalls(() => current, open)
  }
  return {
    storeFor: (gate) => noting(gatedCalls(() => current, gate)),
    open: noting(openCalls()),
    async fresh() {
      store = make()
      ids.clear()
    },
    nameOf: (id) => id,
    async alive() {
      const listed = new Set((await store.byUser!.list(userOf())).map(({ handle }) => handle))
      const alive: Alive[] = []
      for (const id of ids) {
        const { user, rotated } = metadataIn(await store.read(id, 3_600))
        if (user !== undefined && rotated === undefined) {
          alive.push({ name: id, handle: user.handle, isListed: listed.has(user.handle) })
        }
      }
      return alive
    }
  }
}

/** The name of ada in the lists of a registration with the cookie `session`. */
export const userOf = (): string => hash('sha256', 'session\0ada', 'base64url')

/** Runs over one server or a Cluster, with single commands as steps. */
export function redisStage(admin: Redis | Cluster, connect: () => RedisClient, prefix = 'starsessions.'): Stage {
  const nodes = () => (admin instanceof Redis ? [admin] : admin.nodes('master'))
  const owners = new Map<string, string>()
  const counts = new Map<Gate | null, number>()
  const gates: (Gate | null)[] = []
  const userKey = `${prefix}user:${userOf()}`
  /** The ids differ from run to run, so a key is named by the request that has made it. */
  const own = (gate: Gate | null, key: string) => {
    if (owners.has(key) || key === userKey) return
    const count = (counts.get(gate) ?? 0) + 1
    counts.set(gate, count)
    owners.set(key, `${gates.indexOf(gate)}.${count}`)
  }
  const nameOf = (key: string) => (key === userKey ? 'user' : (owners.get(key) ?? 'other'))
  const gatedClient = (gate: Gate | null): RedisClient => {
    gates.push(gate)
    const inner = connect() as unknown as Record<string, Call>
    return new Proxy(inner, {
      get(target, name: string) {
        const value = target[name]
        if (name === 'defineCommand' || typeof value !== 'function') {
          return typeof value === 'function' ? value.bind(target) : value
        }
        return (...args: unknown[]) => {
          const key = String(args[0])
          if (name === 'set' || name === 'starsessionsCreateBuffer') own(gate, key)
          if (name === 'starsessionsEnterBuffer') own(gate, `${prefix}${args[2]}`)
          if (gate === null) return value.apply(target, args)
          const isRead = name.startsWith('get') || name === 'starsessionsLeftBuffer'
          return gate.pass(name, nameOf(key), isRead, async () => value.apply(target, args))
        }
      }
    }) as unknown as RedisClient
  }
  return {
    storeFor: (gate) => new RedisStore({ client: gatedClient(gate), prefix }),
    open: new RedisStore({ client: gatedClient(null), prefix }),
    async fresh() {
      await Promise.all(nodes().map((node) => node.flushall()))
      owners.clear()
      counts.clear()
    },
    nameOf: (id) => prefix + hash('sha256', id, 'hex'),
    async alive() {
      const found = await Promise.all(nodes().map((node) => node.keys(`${prefix}*`)))
      const keys = found.flat().filter((key) => key !== userKey)
      const values = await Promise.all(keys.map((key) => admin.getBuffer(key)))
      const entries = await admin.hgetall(userKey)
      return keys.flatMap((key, index): Alive[] => {
        const { user, rotated } = metadataIn(values[index] ?? null)
        if (user === undefined || rotated !== undefined) return []
        const names = (entries[user.handle] ?? '').split(' ')[4] ?? ''
        return [{ name: key, handle: user.handle, isListed: names.split(',').includes(key.slice(prefix.length)) }]
      })
    }
  }
}
