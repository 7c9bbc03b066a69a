import type { CookieValue } from '../http/cookie.ts'

/** What a commit means for the session's cookie. */
export type Outcome =
  /** The browser's cookie stays as it is. */
  | { readonly kind: 'none' }
  /** `maxAge`: seconds; `undefined`: until the browser closes. */
  | { readonly kind: 'issue'; readonly value: string; readonly maxAge: number | undefined }
  | { readonly kind: 'clear' }
  /** The session has ended and was not changed here. A cookie that was to be issued for it is left out. */
  | { readonly kind: 'ended' }
  /** Nothing was stored, because the browser has the cookie of a newer session. */
  | { readonly kind: 'refused' }

export const NONE: Outcome = { kind: 'none' }
export const CLEAR: Outcome = { kind: 'clear' }
export const ENDED: Outcome = { kind: 'ended' }
export const REFUSED: Outcome = { kind: 'refused' }

/** What a request's outcome is after one more commit: the last one that says something about the cookie counts. */
export function following(before: Outcome, outcome: Outcome): Outcome {
  if (outcome.kind === 'ended') return NONE
  return outcome.kind === 'none' || outcome.kind === 'refused' ? before : outcome
}

/** Whether the browser gets an id that it did not send. */
export function isNewId(outcome: Outcome, brought: CookieValue): boolean {
  return outcome.kind === 'issue' && ![brought].flat().includes(outcome.value)
}

/** The response, as far as a session has to know it. */
export interface CookieOutlet {
  /** `false`: no Set-Cookie header can go out any more. */
  readonly canSendCookie: boolean
  /** The response's own commit has begun, so a later failure cannot become the response. */
  readonly isCommitted: boolean
  /** Puts the cookie on the response now, because Fastify may not be the one that sends it. */
  announce(outcome: Outcome): void
}
