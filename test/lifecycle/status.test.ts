import t from 'tap'
import { SETTLED, type Status, statusOf } from '../../lib/lifecycle/status.ts'
import type { SessionState } from '../../lib/session/state.ts'

const AT = 1_700_000_000
const fixed = { lifetime: 60, rolling: false, absoluteLifetime: undefined }
const rolling = { lifetime: 60, rolling: true, absoluteLifetime: 90 }
const state = (differences: Partial<SessionState> = {}) =>
  ({
    stored: {},
    rotated: false,
    cookieChanged: false,
    metadata: { lifetime: 60, created: AT - 10, last_access: AT - 10 },
    ...differences
  }) as SessionState
const old = { metadata: { lifetime: 60, created: AT - 90, last_access: AT - 90 } }
const raised = { metadata: { lifetime: 30, created: AT - 10, last_access: AT - 10 } }
const limited = {
  metadata: { lifetime: 60, created: AT - 10, last_access: AT - 10, limit: { lifetime: 20, from: AT - 10 } }
}

t.test('what a commit has to do has a name', async (t) => {
  const cases: [Status, Parameters<typeof statusOf>][] = [
    ['new-empty', [state({ stored: null }), fixed, {}, false, AT]],
    ['new-empty', [state({ stored: null }), fixed, { flash: {}, list: [] }, false, AT]],
    ['new', [state({ stored: null }), fixed, { a: 1 }, false, AT]],
    ['new-empty', [state({ stored: null, isSuperseded: true }), rolling, {}, false, AT]],
    ['refused', [state({ stored: null, isSuperseded: true }), fixed, { a: 1 }, false, AT]],
    ['unchanged', [state(), fixed, { a: 1 }, false, AT]],
    ['prolonged', [state(), rolling, { a: 1 }, false, AT]],
    ['changed', [state(), fixed, { a: 2 }, true, AT]],
    ['changed', [state({ cookieChanged: true }), fixed, { a: 1 }, false, AT]],
    ['rotated', [state({ rotated: true }), rolling, { a: 1 }, false, AT]],
    ['emptied', [state({ rotated: true }), rolling, {}, true, AT]],
    ['ended', [state(old), fixed, { a: 2 }, true, AT]],
    ['ended', [state({ ...old, rotated: true }), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(old), rolling, { a: 1 }, false, AT]],
    ['renewed', [state(raised), fixed, { a: 1 }, false, AT]],
    ['renewed', [state(raised), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(raised), fixed, {}, false, AT]],
    ['changed', [state(raised), fixed, { a: 2 }, true, AT]],
    ['renewed', [state(limited), rolling, { a: 1 }, false, AT]],
    ['unchanged', [state(limited), fixed, { a: 1 }, false, AT]]
  ]
  for (const [status, given] of cases) t.equal(statusOf(...given), status)
})

t.test('to prolong a session is not to change it', async (t) => {
  t.same([...SETTLED], ['new-empty', 'unchanged', 'prolonged', 'renewed'])
})
