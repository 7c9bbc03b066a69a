import type { SessionStore } from '../../types/store.ts'

/** What a store's `move` is called with. */
export type MoveArguments = Parameters<NonNullable<SessionStore['move']>>
