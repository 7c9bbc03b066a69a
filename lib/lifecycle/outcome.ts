import { isInstance, SessionGoneError } from '../errors.ts'
import { type CookieAction, type CookieValue, NONE, type Outcome } from '../http/cookie.ts'

/** Where the cookie goes when a handler saves the session before the response is Fastify's to send. */
export interface CookieOutlet {
  /** `false`: no header can go out any more. */
  readonly isOpen: boolean
  announce(action: CookieAction): void
}

/** What becomes of one request's cookie, as far as it has come. */
export class RequestCookie {
  readonly #outlet: CookieOutlet
  /** As it came, or several of them. */
  readonly brought: CookieValue
  action: CookieAction = NONE
  /** A handler's own save() has put it on the raw response. */
  announced = false

  constructor(brought: CookieValue, outlet: CookieOutlet) {
    this.brought = brought
    this.#outlet = outlet
  }

  get canGoOut(): boolean {
    return this.#outlet.isOpen
  }

  /** Whether the browser has to get an id that it did not send. */
  isNews(action: CookieAction): boolean {
    return action.kind === 'issue' && ![this.brought].flat().includes(action.value)
  }

  announce(action: CookieAction): void {
    this.announced = true
    this.#outlet.announce(action)
  }

  settle(outcome: Outcome): void {
    if (outcome.kind === 'ended') this.action = NONE
    else if (outcome.kind !== 'none' && outcome.kind !== 'refused') this.action = outcome
  }

  /** An earlier save() of this request may have issued a cookie for a session that has ended since. */
  without(error: unknown): unknown {
    if (isInstance(error, SessionGoneError)) this.action = NONE
    return error
  }
}
