import { deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict'
import type { Bench, Column } from './columns/column.ts'
import { Counter } from './counting.ts'
import type { Scenario } from './scenarios.ts'
import { newData } from './session-data.ts'

/**
 * Shows that a column does what its scenarios say: the answer, the store calls, the cookie, and an old id that is dead.
 * @throws when it does not
 */
export async function prove(column: Column, bench: Omit<Bench, 'counted'>): Promise<void> {
  strictEqual(JSON.stringify(newData()).length, 200)
  const counter = new Counter()
  const app = await column.open({ ...bench, counted: counter.counted })
  let cookie = 'session=none'

  async function send(scenario: Scenario): Promise<string> {
    counter.take()
    const headers = scenario === 'S3' ? {} : { cookie }
    const { statusCode, headers: answered, body } = await app.inject({ url: `/${scenario}`, headers })
    strictEqual(statusCode, 200, `${column.name}: ${scenario} fails: ${body}`)
    const [line] = [answered['set-cookie'] ?? []].flat()
    const effect = { ...counter.take(), setsCookie: line !== undefined }
    deepStrictEqual(effect, column.effects[scenario], `${column.name}: ${scenario} does something else`)
    if (line !== undefined) cookie = line.split(';')[0]!
    return body
  }

  async function expectVisits(visits: number, when: string): Promise<void> {
    if (column.keepsSessions) strictEqual(await send('S1'), `${visits}`, `${column.name}: wrong data ${when}`)
  }

  strictEqual(await send('S3'), 'ok')
  await expectVisits(0, 'in a new session')
  strictEqual(await send('S0'), 'ok')
  strictEqual(await send('S2'), 'ok')
  await expectVisits(1, 'after a change')
  const old = cookie
  strictEqual(await send('S5'), 'ok')
  await expectVisits(2, 'after a login')
  if (column.keepsSessions) {
    notStrictEqual(cookie, old, `${column.name}: the login left the id as it was`)
    const { body } = await app.inject({ url: '/S1', headers: { cookie: old } })
    strictEqual(body, column.oldIdLives ? '1' : 'undefined', `${column.name}: what an old id opens`)
  }
  await app.close()
}
