import type { Handler } from './application.ts'

/** The actions of a request. All requests use the same session, and `name` tells requests with one action apart. */
export const ACTIONS = {
  read: () => (session) => session.data(),
  'write other key': (name) => (session) => void session.set(`key-${name}`, name),
  'write same key': (name) => (session) => void session.set('a', name),
  clear: () => (session) => session.clear(),
  destroy: () => (session) => session.destroy(),
  regenerateId: (name) => async (session) => {
    await session.regenerateId()
    session.set(`role-${name}`, 'admin')
  },
  regenerate: (name) => async (session) => {
    await session.regenerate(['user'])
    session.set(`role-${name}`, 'admin')
  },
  update: () => (session) =>
    session.update((newest) => {
      newest.n = (newest.n ?? 0) + 1
    }),
  page: () => (session) => {
    session.csrf ??= 'x'
  }
} satisfies Record<string, (name: string) => Handler>

export type Action = keyof typeof ACTIONS

/** Requests that run at once. */
export type Group = readonly Action[]

const ALL = Object.keys(ACTIONS) as Action[]

/** All combinations of two actions, and of three actions. */
export const PAIRS: readonly Group[] = ALL.flatMap((one, index) => ALL.slice(index).map((other) => [one, other]))
export const TRIPLES: readonly Group[] = PAIRS.flatMap((pair) =>
  ALL.slice(ALL.indexOf(pair[1]!)).map((third) => [...pair, third])
)
