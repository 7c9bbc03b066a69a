import type { FastifyReply, FastifyRequest } from 'fastify'
import { SessionHeadersSentError } from './errors.ts'
import { report } from './report.ts'
import type { RequestSession } from './request-session.ts'

interface Watched {
  readonly held: RequestSession
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Loaded in this turn of the event loop. */
let loaded: Watched[] = []

/**
 * Tells the log about changes that came when nothing stores them any more: after the response was committed, or without a
 * commit, because Fastify did not send the response (`reply.hijack()`, `reply.raw.end()`, a WebSocket).
 *
 * An ordinary response costs no serialization: a change within a value is noticed only in what goes on after its headers.
 * Nor does it cost a listener, which is dearer than the rest of this: most are over when the turn is.
 */
export function watchLateChanges(held: RequestSession, request: FastifyRequest, reply: FastifyReply): void {
  if (loaded.push({ held, request, reply }) === 1) setImmediate(endOfTurn)
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

function onceOver({ held, request, reply }: Watched): void {
  if (!isSuspicious(held, reply)) return
  // What others do when the connection closes may be to save the session.
  setImmediate(async () => {
    if (!(await held.hasUnsavedChanges())) return
    const problem = held.settled
      ? 'The session was changed after the headers had gone out'
      : 'The session was changed, and Fastify did not send the response that would have stored it'
    const err = new SessionHeadersSentError(`${problem}: call \`await session.save()\`, or change it earlier`)
    report(request.log, 'error', err.code, { err }, 'a change of the session is lost, unless session.save() follows')
  })
}

function isSuspicious(held: RequestSession, reply: FastifyReply): boolean {
  if (held.session === null || held.dropped) return false
  // A client that has gone away is no reason: the handler runs on, and its response commits.
  if (!held.settled) return reply.sent && reply.raw.statusCode < 500
  return held.streams || !hasSameValues(held.session, held.left)
}

function hasSameValues(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
