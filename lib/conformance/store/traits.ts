import type { SessionStore } from '../../../types/store.ts'

/** The optional members of a store, which decide what cases it gets. */
export interface Traits {
  readonly ownsIds: boolean
  readonly readProlongs: boolean
  readonly touches: boolean
  readonly replaces: boolean
  readonly moves: boolean
  readonly explains: boolean
  readonly compares: boolean
  readonly bindsToCookie: boolean
}

export function traitsOf(store: SessionStore): Traits {
  return {
    ownsIds: store.ownsIds === true,
    readProlongs: store.readProlongs === true,
    touches: store.touch !== undefined,
    replaces: store.replace !== undefined,
    moves: store.move !== undefined,
    explains: store.explain !== undefined,
    compares: store.sharesRecordsWith !== undefined,
    bindsToCookie: store.forCookie !== undefined
  }
}
