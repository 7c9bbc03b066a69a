import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict'
import type { Bench, Column } from '../columns/column.ts'
import { Counter } from './counting.ts'
import { type Answer, ask } from './in-process.ts'
import type { Scenario } from './scenarios.ts'
import type { Size } from './session-data.ts'

/**
 * Checks that a column does what its scenarios say: the answer, the store calls, the cookie, and a dead old id.
 * @throws if the column does something else
 */
export async function prove(column: Column, bench: Omit<Bench, 'counted'>, size: Size): Promise<void> {
  strictEqual(JSON.stringify(bench.newData()).length, size)
  const counter = new Counter()
  const app = await column.open({ ...bench, counted: counter.counted })
  let cookie = 'session=none'

  const answerTo = (scenario: Scenario, headers: Record<string, string>): Promise<Answer> =>
    new Promise((resolve) => ask(app.listener, `/${scenario}`, headers, resolve))

  async function expectBody(expected: string, scenario: Scenario, when: string): Promise<void> {
    counter.take()
    const { statusCode, setCookie, body } = await answerTo(scenario, scenario === 'S3' ? {} : { cookie })
    strictEqual(statusCode, 200, `${column.name}: ${scenario} fails: ${body}`)
    const effect = { ...counter.take(), setsCookie: setCookie !== undefined }
    deepStrictEqual(effect, column.effects[scenario], `${column.name}: ${scenario} does something else`)
    if (setCookie !== undefined) cookie = setCookie.split(';')[0]!
    strictEqual(body, expected, `${column.name}: ${scenario} ${when}`)
  }

  async function expectNoCall(): Promise<void> {
    counter.take()
    await answerTo('S1', {})
    deepStrictEqual(counter.take(), { reads: 0, changes: 0 }, `${column.name}: S1 without a cookie asks the store`)
  }

  const visits = (count: number): string => (column.keepsSessions ? `${count}` : 'ok')

  await expectBody('ok', 'S3', 'begins a session')
  if (bench.rolling) {
    await expectBody(visits(0), 'S4', 'reads the session')
    await expectBody(visits(0), 'S4', 'reads it with the cookie of the read before')
    return app.close()
  }
  await expectBody(visits(0), 'S1', 'in a new session')
  if (column.kind === 'ours') await expectNoCall()
  await expectBody('ok', 'S0', 'without the session')
  await expectBody('ok', 'S2', 'changes the session')
  await expectBody(visits(1), 'S1', 'after a change')
  const old = cookie
  await expectBody('ok', 'S5', 'logs in')
  await expectBody(visits(2), 'S1', 'after a login')
  if (column.keepsSessions) {
    notStrictEqual(cookie, old, `${column.name}: the login left the id as it was`)
    const { body } = await answerTo('S1', { cookie: old })
    strictEqual(body, column.inCookie ? '1' : 'undefined', `${column.name}: what an old id opens`)
  }
  await app.close()
}
