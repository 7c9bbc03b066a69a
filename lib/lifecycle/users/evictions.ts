import { publishEnd } from '../../diagnostics.ts'
import { report } from '../../report.ts'
import type { Log } from '../../settings.ts'

const MESSAGE =
  'a user had too many sessions, so the ones with the oldest logins were ended (option "perUser"). If many machines share one account, raise "perUser.max". (This is logged once.)'

/** Tells that sessions had to end, because their user had too many. */
export class Evictions {
  #isTold = false

  tell(handles: readonly string[], log: Log): void {
    publishEnd(handles, 'evicted')
    if (this.#isTold) return
    this.#isTold = true
    report(log, 'warn', 'FST_SESSION_EVICTED', {}, MESSAGE)
  }
}
