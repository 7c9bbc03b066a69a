import { channels, fingerprint } from '../diagnostics.ts'
import type { Found } from '../record/record.ts'
import { report } from '../report.ts'
import type { Log } from '../settings.ts'

/** The remedy for each reason why a record or a cookie is not used. */
const REMEDIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    undecryptable:
      'no key of the option "encryptor" opens it. While you change keys, deploy the new key at the end of the list everywhere first, then move it to the front. Most encryptors also open a record only under the cookie name and the id that it was written for',
    unparsable:
      'the option "serializer" cannot read it. Did the serializer or the encryptor change, or does another program write there?',
    'not-an-object': 'it is no object. Does another program write there?',
    'too-deep': 'its objects are nested deeper than 100. Store less nested data',
    'bad-metadata': 'its "__metadata__" is damaged. Does another program write there?',
    'other-cookie':
      'it was written for another cookie name. Was "cookieName" renamed? If not, two registrations share a store, and a visitor has sent the cookie of one as the cookie of the other',
    expired:
      'its time is over: "absoluteLifetime" or `session.options({ lifetime })` has ended it, or "lifetime" was made shorter',
    signature:
      'no "secretKey" of the CookieStore has signed it. Do all processes have the same secrets, cookie name and salt? While you change secrets, deploy the new one at the end of the list everywhere first, then move it to the front',
    malformed:
      'it was not made by a CookieStore of this kind. Did another store, or another program, set a cookie of this name? Or was "secretKey" replaced by "encryptor", or the other way round?',
    'too-old': 'it is older than "lifetime" allows. Was "lifetime" made shorter?',
    future: 'it is dated in the future. Are the clocks of all servers right?'
  })
)

/** The most reasons that are logged once. A store of the application may give any number of reasons. */
const MAX_REASONS = 16

const UNUSABLE = 'the stored session cannot be used, so a new one begins'
const REFUSED_BY_STORE = 'the store refuses a session cookie, so a new session begins'

/** Logs why the session of a cookie is not used, without the id of the session. */
export class Refusals {
  readonly #told = new Set<string>()

  tell(found: Found, log: Log): void {
    if (found.kind === 'unusable') {
      // An expired session is no fault, and a browser may send its cookie until the browser is closed.
      if (found.reason === 'expired') this.#once(found.reason, UNUSABLE, log)
      else warn(found.reason, UNUSABLE, log)
    }
    if (found.kind === 'missing' && found.reason !== undefined) this.#once(found.reason, REFUSED_BY_STORE, log)
  }

  /** Logs each reason once, because forged cookies must not fill the log. */
  #once(reason: string, what: string, log: Log): void {
    if (this.#told.has(reason) || this.#told.size >= MAX_REASONS) return
    this.#told.add(reason)
    warn(reason, `${what} (this is logged once)`, log)
  }
}

/**
 * Logs that changes are not stored, because another request rotated the session a moment ago.
 * @param id the old id, which this request sent
 */
export function tellSuperseded(id: string | undefined, log: Log): void {
  if (channels.refused.hasSubscribers) {
    channels.refused.publish({ fingerprint: fingerprint(id), reason: 'rotated-away' })
  }
  const message =
    'changes of the session are not stored: another request, such as a login, gave the session a new id less than 10 seconds ago, and this request still had the old one. The next request of the browser has the new one. To begin another session instead, call session.regenerateId() before the changes'
  report(log, 'warn', 'FST_SESSION_SUPERSEDED', { reason: 'rotated-away' }, message)
}

function warn(reason: string, what: string, log: Log): void {
  const remedy = REMEDIES.get(reason)
  report(log, 'warn', 'FST_SESSION_REFUSED', { reason }, remedy === undefined ? what : `${what}: ${remedy}`)
}
