import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { watchLateChanges } from '../../lib/fastify/lost-changes.ts'
import type { RequestSession } from '../../lib/lifecycle/request-session.ts'
import { createSession } from '../../lib/session/session.ts'
import type { SessionState } from '../../lib/session/state.ts'
import type { Session } from '../../types/session.ts'
import { waitUntil } from '../support/wait-until.ts'

const HEADERS = { problem: () => undefined }

const sessionOf = (data: Record<string, unknown>, state: Partial<SessionState> = {}) =>
  createSession({ aside: null, ...state } as SessionState, data)

/**
 * Ends the response of a request whose session is in this state.
 * @param when it ends: in the turn in which the session was loaded, or later
 * @returns what was asked and logged
 */
async function closeWhen(when: 'at once' | 'later', held: object, { sent = false, statusCode = 200 } = {}) {
  const told: string[] = []
  const raw = Object.assign(new EventEmitter(), { statusCode, writableFinished: false, destroyed: false })
  const log = { error: ({ err }: { err: Error }) => void told.push(err.message) }
  const all = {
    session: sessionOf({}),
    left: {},
    settled: false,
    streams: false,
    dropped: false,
    tellUnawaited() {},
    async hasUnsavedChanges() {
      told.push('asked')
      return true
    },
    ...held
  }
  const reply = { raw, sent } as unknown as FastifyReply
  watchLateChanges(all as unknown as RequestSession, { log } as unknown as FastifyRequest, reply, HEADERS)
  if (when === 'later') await turn()
  raw.destroyed = true
  raw.emit('close')
  await turn()
  await turn()
  return told
}

async function close(held: object, ending?: { sent?: boolean; statusCode?: number }): Promise<string[]> {
  const told = await closeWhen('later', held, ending)
  assert.deepEqual(await closeWhen('at once', held, ending), told)
  return told
}

t.test('nothing is asked where nothing can be lost, or everything is on purpose', async (t) => {
  t.same(await close({ session: null }), [])
  t.same(await close({ dropped: true, settled: true, streams: true }), [])
  t.same(await close({}), [], 'the handler runs on, and its response commits')
  t.same(await close({}, { sent: true, statusCode: 500 }), [])
})

t.test('an ordinary response is looked at from outside first', async (t) => {
  const list = [1]
  t.same(await close({ settled: true, session: sessionOf({ list }), left: { list } }), [])
  t.match(await close({ settled: true, session: sessionOf({ list }), left: { list: [1] } }), [
    'asked',
    /after the headers/
  ])
  t.match(await close({ settled: true, session: sessionOf({ list }) }), ['asked', /after the headers/])
  t.match(await close({ settled: true, session: sessionOf({}, { rotated: true }) }), ['asked', /after the headers/])
  t.match(await close({ settled: true, session: sessionOf({}, { cookieChanged: true }) }), ['asked', /after the head/])
})

t.test('a stream, and what Fastify does not send, are asked', async (t) => {
  t.match(await close({ settled: true, streams: true }), ['asked', /changed after the headers had gone out/])
  t.match(await close({}, { sent: true }), ['asked', /Fastify did not send the response/])
  t.same(await close({ hasUnsavedChanges: async () => false }, { sent: true }), [])
})

/** Ends responses of sessions that are as their responses left them. */
async function over(t: Test, count: number) {
  const told: { name: string }[] = []
  const all = Array.from({ length: count }, (_, at) => ({
    name: String(at),
    session: sessionOf({}) as Session | null,
    left: {} as object,
    settled: true,
    streams: false,
    dropped: false,
    tellUnawaited() {},
    hasUnsavedChanges: async () => true
  }))
  const raw = { statusCode: 200, writableFinished: true, destroyed: false }
  for (const held of all) {
    const log = { debug() {}, error: () => void told.push(held) }
    const reply = { raw, sent: true } as unknown as FastifyReply
    watchLateChanges(held as unknown as RequestSession, { log } as unknown as FastifyRequest, reply, HEADERS)
  }
  for (let at = 0; at < 3; at++) await turn()
  t.same(told, [])
  return {
    all,
    told: async (last: number) => {
      await waitUntil('the second look', () => told.some(({ name }) => name === String(last)))
      return told.map(({ name }) => Number(name))
    }
  }
}

t.test('a session is looked at once more after its response, for a handler that went on', async (t) => {
  const { all, told } = await over(t, 7)
  all[0]!.dropped = true
  all[1]!.session = null
  all[2]!.settled = false
  all[4]!.session = sessionOf({ late: true })
  all[5]!.session = sessionOf({}, { rotated: true })
  all[6]!.session = sessionOf({}, { cookieChanged: true })
  for (const held of all.slice(0, 3)) held.left = { gone: true }
  t.same(await told(6), [4, 5, 6])
})

t.test('of more responses than can be kept in memory, the first are looked at again', async (t) => {
  const { all, told } = await over(t, 150)
  for (const held of all) held.session = sessionOf({ late: true })
  const names = await told(99)
  t.ok(names.length <= 100, `${names.length}`)
})
