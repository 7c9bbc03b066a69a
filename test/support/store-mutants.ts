import { now } from '../../lib/base/clock.ts'
import type { SessionStore } from '../../types/store.ts'
import { ModelStore, type Row } from './model-store.ts'

type Spoil = (store: ModelStore) => void

/** One change of a correct store, and the title of a case that must notice it. */
export type Mutant = readonly [change: string, spoil: Spoil, noticed: RegExp]

const seconds = (count: number) => now() + count
const cutAt =
  (length: number): Spoil =>
  (store) => {
    store.keyOf = (id) => id.slice(0, length)
  }
const stored =
  (change: (data: Uint8Array) => Uint8Array): Spoil =>
  (store) => {
    const { put } = store
    store.put = (id, data, expires) => put.call(store, id, change(data), expires)
  }

type Method = 'read' | 'write' | 'remove' | 'touch' | 'replace' | 'move'

/** Replaces a method by one that gets the original as its first argument. */
function around<K extends Method>(name: K, change: (original: ModelStore[K], store: ModelStore) => unknown): Spoil {
  return (store) => {
    const original = store[name].bind(store) as ModelStore[K]
    store[name] = change(original, store) as ModelStore[K]
  }
}

/** A call that looks first and changes something later, so that another call may come in between. */
const later = (result: () => unknown): unknown => new Promise((resolve) => setImmediate(() => resolve(result())))

const IDS: Mutant[] = [
  ['ids are compared without regard to case', (store) => (store.keyOf = (id) => id.toLowerCase()), /one allowed/],
  ['ids become file names', (store) => (store.keyOf = (id) => id.replace(/[^A-Za-z0-9]/g, '_')), /one allowed/],
  ['ids are cut at 64 characters', cutAt(63), /ids of 64 characters/],
  ['ids are cut at 127 characters', cutAt(127), /ids of 128 characters/],
  ['ids are cut at 254 characters', cutAt(254), /ids of 255 characters/],
  ['ids are cut at 4,095 characters', cutAt(4_095), /ids of 4096 characters/],
  [
    'write returns another id',
    around(
      'write',
      (write) =>
        (...args: Parameters<typeof write>) =>
          `${write(...args)}.`
    ),
    /id given/
  ],
  [
    'an unknown id reads as undefined',
    around(
      'read',
      (read) =>
        (...args: Parameters<typeof read>) =>
          read(...args) ?? undefined
    ),
    /unknown id reads/
  ],
  [
    'an unknown id reads as empty bytes',
    around(
      'read',
      (read) =>
        (...args: Parameters<typeof read>) =>
          read(...args) ?? new Uint8Array()
    ),
    /unknown id reads/
  ]
]

const BYTES: Mutant[] = [
  ['bytes are stored as UTF-8 text', stored((data) => Buffer.from(Buffer.from(data).toString())), /^bytes come back/],
  [
    'bytes end at the first NUL',
    stored((data) => data.subarray(0, data.includes(0) ? data.indexOf(0) : undefined)),
    /^bytes come back/
  ],
  [
    'white space at the end is cut off',
    stored((data) => Buffer.from(Buffer.from(data).toString('latin1').trimEnd(), 'latin1')),
    /^bytes come back/
  ],
  ['bytes are cut at 64 KiB', stored((data) => data.subarray(0, 65_535)), /a megabyte/],
  [
    'a megabyte is refused with another error',
    stored((data) => {
      if (data.length > 500_000) throw new Error('too long for the column')
      return data
    }),
    /a megabyte/
  ],
  [
    'empty bytes read as null',
    around(
      'read',
      (read) =>
        (...args: Parameters<typeof read>) =>
          read(...args)?.length ? read(...args) : null
    ),
    /^empty bytes come/
  ],
  ['the buffer around a view is stored', stored((data) => new Uint8Array(data.buffer)), /view into a larger/],
  [
    'the bytes of the caller are kept',
    (store) =>
      (store.put = (id, data, expires) => {
        store.check()
        store.rows.set(store.keyOf(id), { data, expires })
      }),
    /changes after a write/
  ],
  [
    'the stored bytes are handed out',
    around('read', (_, store) => (id: string) => store.find(id)?.data ?? null),
    /changes after a read/
  ],
  [
    'the first write wins',
    around(
      'write',
      (write, store) =>
        (...args: Parameters<typeof write>) =>
          store.find(args[0]) ? args[0] : write(...args)
    ),
    /a write replaces/
  ],
  [
    'the first byte is written before the rest',
    around('write', (write, store) => async (id: string, data: Uint8Array, ...times: [number, number]) => {
      write(id, data, ...times)
      // Some of the writes take longer than others.
      if (data[0]! % 2 === 0) await later(() => undefined)
      await later(() => store.find(id)?.data.set(data.subarray(1), 1))
      return id
    }),
    /concurrent writes/
  ],
  ['sharesRecordsWith is always true', (store) => (store.sharesRecordsWith = () => true), /shares its records/],
  ['sharesRecordsWith is always false', (store) => (store.sharesRecordsWith = () => false), /shares its records/],
  ['explain answers a sentence', (store) => (store.explain = (id) => `there is no session ${id}`), /explain/],
  [
    'the store for a cookie forgets',
    (store) => (store.forCookie = () => Object.assign(new ModelStore(), { read: () => null })),
    /for one cookie/
  ]
]

const REMOVAL: Mutant[] = [
  [
    'remove always answers true',
    around('remove', (remove) => (id: string) => remove(id) || true),
    /remove answers true/
  ],
  ['remove answers false', around('remove', (remove) => (id: string) => remove(id) && false), /remove answers true/],
  [
    'remove throws if there is nothing',
    around('remove', (remove) => (id: string) => {
      if (!remove(id)) throw new Error('not found')
      return true
    }),
    /remove answers true/
  ],
  [
    'remove does nothing',
    around('remove', (_, store) => (id: string) => store.find(id) !== undefined),
    /remove answers true/
  ],
  [
    'remove removes all sessions',
    around('remove', (remove, store) => (id: string) => {
      const found = remove(id)
      store.rows.clear()
      return found
    }),
    /removing one session/
  ],
  [
    'a removed session stays away',
    (store) => {
      const gone = new Set<string>()
      around('remove', (remove) => (id: string) => {
        gone.add(id)
        return remove(id)
      })(store)
      around(
        'read',
        (read) =>
          (...args: Parameters<typeof read>) =>
            gone.has(args[0]) ? null : read(...args)
      )(store)
    },
    /removed session can be written/
  ]
]

const TIMES: Mutant[] = [
  ['nothing expires', (store) => (store.isOver = () => false), /until its time is over/],
  [
    'the lifetime counts, not the ttl',
    (store) => (store.end = (lifetime) => seconds(lifetime || 86_400)),
    /ttl, not for its lifetime/
  ],
  [
    'the ttl is rounded down',
    (store) => (store.end = (_, ttl) => seconds(Math.floor(ttl) || (ttl ? 0 : 86_400))),
    /until its time is over/
  ],
  [
    'the ttl counts in milliseconds',
    (store) => (store.end = (_, ttl) => seconds(ttl ? ttl / 1000 : 86_400)),
    /until its time is over/
  ],
  [
    'a session without a lifetime ends at once',
    (store) => (store.end = (_, ttl) => seconds(ttl)),
    /without a lifetime is kept/
  ],
  [
    'a session without a lifetime ignores its ttl',
    (store) => (store.end = (lifetime, ttl) => seconds(lifetime ? ttl : 86_400)),
    /not kept beyond its ttl/
  ],
  [
    'a ttl of 0 means for ever',
    (store) => (store.end = (_, ttl) => seconds(ttl || 86_400)),
    /write whose time is over/
  ],
  [
    'a write keeps the old end',
    (store) => {
      const { put } = store
      store.put = (id, data, expires) =>
        put.call(store, id, data, Math.min(expires, store.find(id)?.expires ?? expires))
    },
    /a write sets a new ttl/
  ],
  [
    'a plain read prolongs',
    around('read', (read, store) => (id: string, lifetime: number, ttl?: number) => {
      const row = store.find(id)
      if (row !== undefined) row.expires = store.end(lifetime, ttl ?? lifetime)
      return read(id, lifetime)
    }),
    /ttl, not for its lifetime/
  ],
  [
    'an expired session cannot be written again',
    around('write', (write, store) => (...args: Parameters<typeof write>) => {
      const row = store.rows.get(args[0])
      return row !== undefined && store.isOver(row) ? args[0] : write(...args)
    }),
    /expired session can be written/
  ],
  [
    'remove finds expired sessions',
    around('remove', (_, store) => (id: string) => store.rows.delete(store.keyOf(id))),
    /ttl, not for its lifetime/
  ],
  [
    'a timer removes each session',
    around('write', (write, store) => (...args: Parameters<typeof write>) => {
      TIMERS.add(setTimeout(() => store.remove(args[0]), 60_000))
      return write(...args)
    }),
    /no timer for each/
  ]
]

/** The timers that a mutant starts. */
const TIMERS = new Set<NodeJS.Timeout>()

export function stopTimers(): void {
  for (const timer of TIMERS) clearTimeout(timer)
  TIMERS.clear()
}

const PROLONGING: Mutant[] = [
  ['touch does nothing', around('touch', (_, store) => (id: string) => store.find(id) !== undefined), /touch sets/],
  [
    'touch only prolongs',
    around('touch', (touch, store) => (id: string, lifetime: number, ttl: number) => {
      const row = store.find(id)
      return row === undefined ? false : touch(id, lifetime, Math.max(ttl, row.expires - now()))
    }),
    /touch sets/
  ],
  [
    'touch answers nothing',
    around(
      'touch',
      (touch) =>
        (...args: Parameters<typeof touch>) =>
          void touch(...args)
    ),
    /touch sets/
  ],
  [
    'touch is always successful',
    around(
      'touch',
      (touch) =>
        (...args: Parameters<typeof touch>) =>
          touch(...args) || true
    ),
    /^touch never/
  ],
  [
    'touch brings back expired sessions',
    around('touch', (touch, store) => (...args: Parameters<typeof touch>) => {
      const row: Row | undefined = store.rows.get(args[0])
      if (row !== undefined) row.expires = seconds(60)
      return touch(...args)
    }),
    /^touch never/
  ],
  [
    'touch creates a session',
    around('touch', (touch, store) => (...args: Parameters<typeof touch>) => {
      if (store.find(args[0]) === undefined) store.put(args[0], new Uint8Array(), seconds(60))
      return touch(...args)
    }),
    /^touch never/
  ],
  [
    'a read with a ttl does not prolong',
    around('read', (read) => (id: string) => read(id, 60)),
    /read with a ttl prolongs/
  ]
]

const REPLACING: Mutant[] = [
  [
    'replace compares the lengths',
    (store) => (store.isSame = (current, expected) => current?.length === expected?.length),
    /^replace compares each byte/
  ],
  [
    'replace compares the first 1,000 bytes',
    (store) => {
      const { isSame } = store
      store.isSame = (current, expected) =>
        isSame(current?.subarray(0, 1_000) ?? null, expected?.subarray(0, 1_000) ?? null)
    },
    /^replace compares each byte/
  ],
  ['replace does not compare', (store) => (store.isSame = () => true), /replace writes the new bytes only/],
  [
    'replace writes nothing',
    around(
      'replace',
      (replace, store) =>
        (...args: Parameters<typeof replace>) =>
          store.isSame(store.read(args[0], 60), args[1]) ? { replaced: true } : replace(...args)
    ),
    /replace writes the new bytes only/
  ],
  [
    'replace always fails',
    around('replace', (_, store) => (id: string) => ({ replaced: false, current: store.read(id, 60) })),
    /replace writes the new bytes only/
  ],
  [
    'replace hides what is there',
    around('replace', (replace) => (...args: Parameters<typeof replace>) => ({
      current: null,
      ...replace(...args),
      ...(replace(...args).replaced ? {} : { current: null })
    })),
    /replace writes the new bytes only/
  ],
  [
    'replace hands out the stored bytes',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      const answer = replace(...args)
      return answer.replaced ? answer : { replaced: false, current: store.find(args[0])?.data ?? null }
    }),
    /replace writes the new bytes only/
  ],
  [
    'replace by null does not compare',
    around(
      'replace',
      (replace, store) =>
        (...args: Parameters<typeof replace>) =>
          args[2] === null && args[1] !== null && store.find(args[0]) !== undefined
            ? { replaced: store.remove(args[0]) }
            : replace(...args)
    ),
    /replace by null deletes/
  ],
  [
    'replace by null stores empty bytes',
    around(
      'replace',
      (replace) =>
        (...args: Parameters<typeof replace>) =>
          replace(args[0], args[1], args[2] ?? new Uint8Array(), args[3], args[4])
    ),
    /replace by null deletes/
  ],
  [
    'replace writes where nothing is',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      if (store.find(args[0]) === undefined && args[1] !== null && args[2] !== null)
        store.write(args[0], args[1], args[3], args[4])
      return replace(...args)
    }),
    /^replace with expected bytes never/
  ],
  [
    'replace brings back expired sessions',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      const row = store.rows.get(args[0])
      if (row !== undefined && args[1] !== null) row.expires = seconds(60)
      return replace(...args)
    }),
    /^replace with expected bytes never/
  ],
  [
    'replace keeps the old end',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      const row = store.find(args[0])
      return replace(args[0], args[1], args[2], 3600, row === undefined ? args[4] : row.expires - now())
    }),
    /replace sets a new ttl/
  ],
  [
    'replace reads first and writes later',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      const current = store.read(args[0], 60)
      if (args[1] === null || !store.isSame(current, args[1])) return replace(...args)
      return later(() => replace(args[0], store.read(args[0], 60), ...(args.slice(2) as [Uint8Array, number, number])))
    }),
    /several replaces at once/
  ]
]

const CREATING: Mutant[] = [
  [
    'replace of null always fails',
    around(
      'replace',
      (replace, store) =>
        (...args: Parameters<typeof replace>) =>
          args[1] === null ? { replaced: false, current: store.read(args[0], 60) } : replace(...args)
    ),
    /replace of null creates a session, and/
  ],
  [
    'replace of null overwrites',
    around(
      'replace',
      (replace, store) =>
        (...args: Parameters<typeof replace>) =>
          replace(args[0], args[1] ?? store.read(args[0], 60), ...(args.slice(2) as [Uint8Array, number, number]))
    ),
    /replace of null creates a session, and/
  ],
  [
    'replace of null stumbles over expired sessions',
    around(
      'replace',
      (replace, store) =>
        (...args: Parameters<typeof replace>) =>
          args[1] === null && store.rows.has(args[0])
            ? { replaced: false, current: store.read(args[0], 60) }
            : replace(...args)
    ),
    /^replace of null creates a session where/
  ],
  [
    'a created session lasts for its lifetime',
    around(
      'replace',
      (replace) =>
        (...args: Parameters<typeof replace>) =>
          replace(args[0], args[1], args[2], args[3], args[1] === null ? args[3] : args[4])
    ),
    /created session lives for its ttl/
  ],
  [
    'replace of null by null stores empty bytes',
    around(
      'replace',
      (replace) =>
        (...args: Parameters<typeof replace>) =>
          replace(args[0], args[1], args[1] === null ? (args[2] ?? new Uint8Array()) : args[2], args[3], args[4])
    ),
    /stores nothing$/
  ],
  [
    'replace takes empty bytes for nothing',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      if (args[1] === null && store.find(args[0])?.data.length === 0) store.remove(args[0])
      return replace(...args)
    }),
    /empty bytes are bytes/
  ],
  [
    'replace of null looks first and writes later',
    around('replace', (replace, store) => (...args: Parameters<typeof replace>) => {
      if (args[1] !== null || args[2] === null || store.find(args[0]) !== undefined) return replace(...args)
      return later(() => ({ replaced: store.write(args[0], args[2] as Uint8Array, args[3], args[4]) === args[0] }))
    }),
    /twenty calls at once create/
  ]
]

type Moving = Parameters<ModelStore['move']>

/** Changes the arguments of `move`. */
const moving = (change: (args: Moving, store: ModelStore) => Moving): Spoil =>
  around(
    'move',
    (move, store) =>
      (...args: Moving) =>
        move(...change(args, store))
  )

const MOVING: Mutant[] = [
  [
    'move always fails',
    around('move', (_, store) => (id: string) => ({ replaced: false, current: store.read(id, 60) })),
    /move stores the session/
  ],
  [
    'move forgets the new id',
    around('move', (move, store) => (...args: Moving) => {
      const answer = move(...args)
      if (answer.replaced) store.delete(args[4])
      return answer
    }),
    /move stores the session/
  ],
  [
    'move leaves the old id alone',
    around('move', (move, store) => (...args: Moving) => {
      const answer = move(...args)
      if (answer.replaced) store.put(args[0], args[1], seconds(60))
      return answer
    }),
    /move stores the session/
  ],
  [
    'move does not compare',
    moving((args, store) => args.with(1, store.read(args[0], 60) ?? args[1]) as Moving),
    /move changes nothing/
  ],
  [
    'move writes the new id before it compares',
    moving((args, store) => {
      store.write(args[4], args[5], args[6], args[7])
      return args
    }),
    /move changes nothing/
  ],
  [
    'move brings back expired sessions',
    moving((args, store) => {
      const row = store.rows.get(args[0])
      if (row !== undefined) row.expires = seconds(60)
      return args
    }),
    /move never brings back/
  ],
  ['the tombstone lasts as long as the session', moving((args) => args.with(3, args[7]) as Moving), /each its own ttl/],
  ['the session lasts as long as the tombstone', moving((args) => args.with(7, args[3]) as Moving), /each its own ttl/],
  [
    'move cuts long records',
    moving((args) => args.with(5, args[5].subarray(0, 200)) as Moving),
    /move compares each byte/
  ],
  [
    'move reads first and writes later',
    around('move', (move, store) => (...args: Moving) => {
      const current = store.read(args[0], 60)
      if (current === null || !store.isSame(current, args[1])) return move(...args)
      return later(() => move(...(args.with(1, store.read(args[0], 60) as Uint8Array) as Moving)))
    }),
    /twenty calls at once move/
  ]
]

/** What a method answers while the database is broken, instead of failing. */
const whileBroken = (name: Method, answer: unknown): Mutant => [
  `${name} hides that the database is broken`,
  (store) => {
    const original = store[name].bind(store) as (...args: unknown[]) => unknown
    Object.assign(store, { [name]: (...args: unknown[]) => (store.isBroken ? (answer ?? args[0]) : original(...args)) })
  },
  /database is broken/
]

const FAILURES: Mutant[] = [
  [
    'read says that there is nothing while the database is broken',
    around(
      'read',
      (read, store) =>
        (...args: Parameters<typeof read>) =>
          store.isBroken ? null : read(...args)
    ),
    /database is broken/
  ],
  whileBroken('write', undefined),
  whileBroken('remove', false),
  whileBroken('touch', false),
  whileBroken('replace', { replaced: false, current: null }),
  whileBroken('move', { replaced: false, current: null }),
  [
    'a store that was broken loses its sessions',
    around('read', (read, store) => (...args: Parameters<typeof read>) => {
      if (store.isBroken) store.rows.clear()
      return read(...args)
    }),
    /database is broken/
  ]
]

export const MUTANTS: readonly Mutant[] = [
  ...IDS,
  ...BYTES,
  ...REMOVAL,
  ...TIMES,
  ...PROLONGING,
  ...REPLACING,
  ...CREATING,
  ...MOVING,
  ...FAILURES
]

/** The same store, with methods that answer with promises. */
export function promising(store: ModelStore): SessionStore {
  const wrapped: Record<string, unknown> = { readProlongs: true }
  for (const name of ['read', 'write', 'remove', 'touch', 'replace', 'move'] as const) {
    const method = (...args: unknown[]) => (store[name] as (...args: unknown[]) => unknown).apply(store, args)
    wrapped[name] = async (...args: unknown[]) => {
      await later(() => undefined)
      return method(...args)
    }
  }
  return wrapped as unknown as SessionStore
}
