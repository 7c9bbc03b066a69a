import { isInstance } from './errors.ts'
import type { Log } from './settings.ts'

/** What the log gets besides the message: an error, or a reason. */
interface Details {
  readonly err?: unknown
  readonly reason?: string
}

/** The codes for which this process has already printed a warning. */
const warnedCodes = new Set<string>()

/**
 * Logs an event that nobody should miss. `Fastify()` without a logger logs nothing. In that case, the first event of each
 * code becomes a warning of the process, and Node prints it.
 * @param code the name of this kind of event
 */
export function report(log: Log, level: 'warn' | 'error', code: string, details: Details, message: string): void {
  tell(log, level, details, message)
  try {
    if (!isSilent(log) || warnedCodes.has(code)) return
    warnedCodes.add(code)
    process.emitWarning(`${message}${describeCause(details)}. ${REMEDY}`, { type: 'StarsessionsWarning', code })
  } catch {
    // The error may come from a function of the application, and its getters may throw.
  }
}

/** Logs an event. A logger that fails must neither fail the request nor end the process. */
export function tell(log: Log, level: 'debug' | 'warn' | 'error', details: object, message: string): void {
  try {
    const answer: unknown = log[level](details, message)
    if (isInstance(answer, Promise)) answer.catch(() => undefined)
  } catch {}
}

const REMEDY = 'The logger is off, so this is shown once: `Fastify({ logger: true })` logs all of them'

/** Whether the logger does nothing. Fastify's logger is silent without the option `logger`, and pino at the level `silent`. */
const isSilent = ({ error, debug }: Log): boolean => error === debug && error.name === 'noop'

/**
 * The end of a warning, which says what went wrong. A message of this library never holds values, so it is shown. The message
 * of another error may hold anything, so only its name and code are shown.
 */
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
