import { isInstance } from './errors.ts'
import type { Log } from './settings.ts'

/** What is known of an event besides its message. */
interface Details {
  readonly err?: unknown
  readonly reason?: string
}

/** The codes for which this process has already printed a warning. */
const warnedCodes = new Set<string>()

/**
 * Tells the log what nobody should miss. `Fastify()` without a logger logs nothing, so the first event of each code is then
 * a warning of the process, which Node prints.
 * @param code names the kind of event
 */
export function report(log: Log, level: 'warn' | 'error', code: string, details: Details, message: string): void {
  tell(log, level, details, message)
  try {
    if (!isSilent(log) || warnedCodes.has(code)) return
    warnedCodes.add(code)
    process.emitWarning(`${message}${describeCause(details)}. ${REMEDY}`, { type: 'StarsessionsWarning', code })
  } catch {
    // What an application's function has thrown may have getters that throw.
  }
}

/** Tells the log. A logger that fails must neither fail the request nor end the process. */
export function tell(log: Log, level: 'debug' | 'warn' | 'error', details: object, message: string): void {
  try {
    const answer: unknown = log[level](details, message)
    if (isInstance(answer, Promise)) answer.catch(() => undefined)
  } catch {}
}

const REMEDY = 'The logger is off, so this is shown once: `Fastify({ logger: true })` logs all of them'

/** Fastify's logger is this without the option `logger`, and pino's at the level `silent`. */
const isSilent = ({ error, debug }: Log): boolean => error === debug && error.name === 'noop'

/** Our own messages name keys, never values. What others have thrown may hold anything: name and code have to do. */
function describeCause({ err, reason }: Details): string {
  if (!isInstance(err, Error)) return reason === undefined ? '' : ` (reason: ${reason})`
  const isOurs = codeOf(err).startsWith('FST_SESSION_')
  const text = isOurs ? `: ${err.message}` : ` (${nameAndCode(err)})`
  return isOurs && isInstance(err.cause, Error) ? `${text} (${nameAndCode(err.cause)})` : text
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

function nameAndCode(error: Error): string {
  return [error.name, codeOf(error)].filter((word) => /^\w+$/.test(word)).join(' ')
}
