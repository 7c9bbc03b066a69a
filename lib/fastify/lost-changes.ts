import type { FastifyReply, FastifyRequest } from 'fastify'
import { SessionHeadersSentError } from '../errors.ts'
import type { RequestSession } from '../lifecycle/request-session.ts'
import { report } from '../report.ts'
import { stateOf } from '../session/session.ts'

interface Watched {
  readonly held: RequestSession
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly headers: AnnouncedHeaders
}

/** The headers that `save()` or `destroy()` has put on a response before Fastify had it to send. */
export interface AnnouncedHeaders {
  /** What became of them when the response went out without Fastify; `undefined`: they were sent as they were put there. */
  problem(): string | undefined
}

/** Between the end of a response and the second look at its session lie one to two of these. */
const SECOND_LOOK_MS = 1000
/** So many responses of each such time are looked at again, because they are kept in memory until then. */
const MOST_LOOKED_AT = 100

/** Loaded in this turn of the event loop. */
let loaded: Watched[] = []
/** Responses that are over: the next tick of the timer looks at `older`, and the one after it at `recent`. */
let recent: Watched[] = []
let older: Watched[] = []

/**
 * Tells the log about changes that came when nothing stores them any more: after the response was committed, or without a
 * commit, because Fastify did not send the response (`reply.hijack()`, `reply.raw.end()`, a WebSocket).
 * Looks when the response is over, and once more a second or two after, because a handler may go on.
 *
 * An ordinary response costs no serialization: a change within a value is noticed only in what goes on after its headers.
 * Nor does it cost a listener, which is dearer than the rest of this: most are over when the turn is.
 */
export function watchLateChanges(
  held: RequestSession,
  request: FastifyRequest,
  reply: FastifyReply,
  headers: AnnouncedHeaders
): void {
  if (loaded.push({ held, request, reply, headers }) === 1) setImmediate(endOfTurn)
}

function endOfTurn(): void {
  const watched = loaded
  loaded = []
  for (const one of watched) {
    const { raw } = one.reply
    if (raw.writableFinished || raw.destroyed) onceOver(one)
    else raw.on('close', () => onceOver(one))
  }
}

function onceOver(one: Watched): void {
  const { held, request, reply, headers } = one
  held.tellUnawaited()
  const problem = held.settled ? undefined : headers.problem()
  if (problem !== undefined) {
    const err = new SessionHeadersSentError(problem)
    report(request.log, 'error', 'FST_SESSION_HEADERS_LOST', { err }, 'headers of the session are lost')
  }
  if (!isSuspicious(held, reply)) {
    lookAgainLater(one)
    return
  }
  // What others do when the connection closes may be to save the session.
  setImmediate(async () => {
    if (!(await tellIfLost(one))) lookAgainLater(one)
  })
}

function lookAgainLater(one: Watched): void {
  if (recent.length < MOST_LOOKED_AT && recent.push(one) === 1 && older.length === 0) startTimer()
}

function startTimer(): void {
  setTimeout(lookAgain, SECOND_LOOK_MS).unref()
}

function lookAgain(): void {
  const due = older
  older = recent
  recent = []
  if (older.length > 0) startTimer()
  for (const one of due) {
    // Only compared, also after a stream: many large sessions are too much to be serialized in one turn.
    if (one.held.settled && !one.held.dropped && isAltered(one.held)) void tellIfLost(one)
  }
}

/** @returns whether there was something to tell */
async function tellIfLost({ held, request }: Watched): Promise<boolean> {
  if (!(await held.hasUnsavedChanges())) return false
  const problem = held.settled
    ? 'The session was changed after the headers had gone out'
    : 'The session was changed, and Fastify did not send the response that would have stored it'
  const err = new SessionHeadersSentError(`${problem}: call \`await session.save()\`, or change it earlier`)
  report(request.log, 'error', err.code, { err }, 'a change of the session is lost, unless session.save() follows')
  return true
}

function isSuspicious(held: RequestSession, reply: FastifyReply): boolean {
  if (held.session === null || held.dropped) return false
  // A client that has gone away is no reason: the handler runs on, and its response commits.
  if (!held.settled) return reply.sent && reply.raw.statusCode < 500
  return held.streams || isAltered(held)
}

/** Since its commit. Within a value nothing is compared. */
function isAltered({ session, left }: RequestSession): boolean {
  if (session === null) return false
  const { rotated, cookieChanged } = stateOf(session)
  return rotated || cookieChanged || !hasSameValues(session, left)
}

function hasSameValues(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
