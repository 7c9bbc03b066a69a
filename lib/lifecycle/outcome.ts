import type { CookieValue } from '../http/cookie.ts'

/** What a commit means for the session's cookie. */
export type Outcome =
  /** The browser's cookie stays as it is. */
  | { readonly kind: 'none' }
  /** `maxAge` is in seconds. With `undefined`, the cookie lasts until the browser closes. */
  | { readonly kind: 'issue'; readonly value: string; readonly maxAge: number | undefined }
  | { readonly kind: 'clear' }
  /** The session has ended, and this request did not change it. No cookie is issued, not even for an earlier save(). */
  | { readonly kind: 'withhold' }
  /** Nothing was stored, because the browser has the cookie of a newer session. */
  | { readonly kind: 'superseded' }

export const NONE: Outcome = { kind: 'none' }
export const CLEAR: Outcome = { kind: 'clear' }
export const WITHHOLD: Outcome = { kind: 'withhold' }
export const SUPERSEDED: Outcome = { kind: 'superseded' }

/**
 * The outcome of a request after one more commit. The last outcome that says something about the cookie counts. If the
 * session has ended, the cookie of an earlier save() is worth nothing, so the request issues none.
 */
export function outcomeAfter(before: Outcome, outcome: Outcome): Outcome {
  if (outcome.kind === 'withhold') return NONE
  return outcome.kind === 'none' || outcome.kind === 'superseded' ? before : outcome
}

/** Whether the browser gets an id that it did not send. */
export function isNewId(outcome: Outcome, requestCookie: CookieValue): boolean {
  return outcome.kind === 'issue' && ![requestCookie].flat().includes(outcome.value)
}

/** The part of a response that a session has to know. */
export interface CookieOutlet {
  /** A Set-Cookie header can still go out. */
  readonly canSendCookie: boolean
  /** The commit of the response has begun, so the error of a later failure cannot become the response. */
  readonly commitHasBegun: boolean
  /** Puts the cookie on the response now, because the handler may send the response itself. */
  announce(outcome: Outcome): void
  /**
   * Calls back when the connection of the request has closed.
   * @returns a function that takes the listener back
   */
  onceClosed?(listener: () => void): () => void
}
