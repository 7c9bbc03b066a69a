import { SessionHeadersSentError } from '../errors.ts'
import { report } from '../report.ts'
import type { SessionResponse } from './response.ts'

/** Each response is checked when it is over, and again after one to two times this period. */
const SECOND_LOOK_MS = 1000
/** The most responses of one period that get a second check, because they stay in memory until then. */
const MOST_LOOKED_AT = 100

/** Responses whose session was loaded in this turn of the event loop. */
let loaded: SessionResponse[] = []
/** Responses that are over. Each tick of the timer checks the `older` ones, and moves the `recent` ones there. */
let recent: SessionResponse[] = []
let older: SessionResponse[] = []

/**
 * Logs changes that nothing stores any more. Such a change came after the commit of the response. Or there was no commit,
 * because Fastify did not send the response (`reply.hijack()`, `reply.raw.end()`, a WebSocket).
 *
 * An ordinary response costs no serialization, because only the session of a stream is compared in depth. It costs no
 * listener either, because most responses are over at the end of the turn in which their session was loaded.
 */
export function watchForLostChanges(response: SessionResponse): void {
  if (loaded.push(response) === 1) setImmediate(endOfTurn)
}

function endOfTurn(): void {
  const watched = loaded
  loaded = []
  for (const response of watched) {
    const { raw } = response.reply
    if (raw.writableFinished || raw.destroyed) onceOver(response)
    else raw.on('close', () => onceOver(response))
  }
}

function onceOver(response: SessionResponse): void {
  const { requestSession, request, problem } = response
  requestSession.tellUnawaited()
  if (problem !== undefined) {
    const err = new SessionHeadersSentError(problem)
    report(request.log, 'error', 'FST_SESSION_HEADERS_LOST', { err }, 'headers of the session are lost')
  }
  if (!isSuspicious(response)) {
    lookAgainLater(response)
    return
  }
  // Other listeners of the same event may save the session.
  setImmediate(async () => {
    if (!(await tellIfLost(response))) lookAgainLater(response)
  })
}

function lookAgainLater(response: SessionResponse): void {
  if (recent.length < MOST_LOOKED_AT && recent.push(response) === 1 && older.length === 0) startTimer()
}

function startTimer(): void {
  setTimeout(lookAgain, SECOND_LOOK_MS).unref()
}

function lookAgain(): void {
  const due = older
  older = recent
  recent = []
  if (older.length > 0) startTimer()
  for (const response of due) {
    // This check never looks inside values, because serializing many large sessions would block the event loop.
    if (response.commitHasBegun && !response.isDropped && response.requestSession.isAltered) void tellIfLost(response)
  }
}

/** @returns whether a change was lost */
async function tellIfLost(response: SessionResponse): Promise<boolean> {
  const { requestSession, request } = response
  if (!(await requestSession.hasUnsavedChanges())) return false
  const problem = response.commitHasBegun
    ? 'The session was changed after the headers had gone out'
    : 'The session was changed, and Fastify did not send the response that would have stored it'
  const err = new SessionHeadersSentError(`${problem}: call \`await session.save()\`, or change it earlier`)
  report(request.log, 'error', err.code, { err }, 'a change of the session is lost, unless session.save() follows')
  return true
}

function isSuspicious({ requestSession, reply, commitHasBegun, isDropped, isStreaming }: SessionResponse): boolean {
  if (requestSession.session === null || isDropped) return false
  // If only the client has gone away, the handler still runs on, and its response commits.
  if (!commitHasBegun) return reply.sent && reply.raw.statusCode < 500
  return isStreaming || requestSession.isAltered
}
