import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { watchForLostChanges } from '../../lib/fastify/lost-changes.ts'
import type { SessionResponse } from '../../lib/fastify/response.ts'
import { waitUntil } from '../support/wait-until.ts'

/**
 * Ends a response in this state.
 * @param when the response ends in the turn in which the session was loaded, or later
 * @returns `asked` if unsaved changes were looked for, and the logged messages
 */
async function closeWhen(when: 'at once' | 'later', state: object, { sent = false, statusCode = 200 } = {}) {
  const told: string[] = []
  const raw = Object.assign(new EventEmitter(), { statusCode, writableFinished: false, destroyed: false })
  const log = { error: ({ err }: { err: Error }) => void told.push(err.message) }
  const response = {
    request: { log },
    reply: { raw, sent },
    commitHasBegun: false,
    isStreaming: false,
    isDropped: false,
    problem: undefined,
    ...state,
    requestSession: {
      session: {},
      isAltered: false,
      tellUnawaited() {},
      async hasUnsavedChanges() {
        told.push('asked')
        return true
      },
      ...('requestSession' in state && (state.requestSession as object))
    }
  }
  watchForLostChanges(response as unknown as SessionResponse)
  if (when === 'later') await turn()
  raw.destroyed = true
  raw.emit('close')
  await turn()
  await turn()
  return told
}

async function close(state: object, ending?: { sent?: boolean; statusCode?: number }): Promise<string[]> {
  const told = await closeWhen('later', state, ending)
  assert.deepEqual(await closeWhen('at once', state, ending), told)
  return told
}

t.test('unsaved changes are not looked for if none can be lost, or if they were dropped on purpose', async (t) => {
  t.same(await close({ requestSession: { session: null } }), [])
  t.same(await close({ isDropped: true, commitHasBegun: true, isStreaming: true }), [])
  t.same(await close({}), [], 'the handler still runs, and its response will commit')
  t.same(await close({}, { sent: true, statusCode: 500 }), [])
})

t.test('after an ordinary response, unsaved changes are looked for only if the session looks altered', async (t) => {
  t.same(await close({ commitHasBegun: true }), [])
  t.match(await close({ commitHasBegun: true, requestSession: { isAltered: true } }), ['asked', /after the headers/])
})

t.test('unsaved changes are looked for after a stream, and if Fastify does not send the response', async (t) => {
  t.match(await close({ commitHasBegun: true, isStreaming: true }), ['asked', /changed after the headers had gone out/])
  t.match(await close({}, { sent: true }), ['asked', /Fastify did not send the response/])
  t.same(await close({ requestSession: { hasUnsavedChanges: async () => false } }, { sent: true }), [])
})

/** Ends responses whose sessions have no changes after the commit. */
async function over(t: Test, count: number) {
  const told: { name: string }[] = []
  const raw = { statusCode: 200, writableFinished: true, destroyed: false }
  const all = Array.from({ length: count }, (_, at) => {
    const response = {
      name: String(at),
      request: { log: { debug() {}, error: () => void told.push(response) } },
      reply: { raw, sent: true },
      commitHasBegun: true,
      isStreaming: false,
      isDropped: false,
      problem: undefined,
      requestSession: { session: {}, isAltered: false, tellUnawaited() {}, hasUnsavedChanges: async () => true }
    }
    return response
  })
  for (const response of all) watchForLostChanges(response as unknown as SessionResponse)
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

t.test('a session is checked once more after its response, because its handler may still run', async (t) => {
  const { all, told } = await over(t, 6)
  for (const { requestSession } of all.slice(0, 3)) requestSession.isAltered = true
  for (const { requestSession } of all.slice(4)) requestSession.isAltered = true
  all[0]!.isDropped = true
  all[1]!.commitHasBegun = false
  all[2]!.requestSession.hasUnsavedChanges = async () => false
  t.same(await told(5), [4, 5])
})

t.test('if there are too many responses for the memory, only the first ones are checked again', async (t) => {
  const { all, told } = await over(t, 150)
  for (const { requestSession } of all) requestSession.isAltered = true
  const names = await told(99)
  t.ok(names.length <= 100, `${names.length}`)
})
