import t from 'tap'
import { failuresOf } from './failures.ts'

const TAP = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: it works
        ok 1 - should be equal
        1..1
    ok 1 - it works # time=1.5ms
    1..1
ok 1 - test/a.test.ts # time=3ms

# Subtest: test/b.test.ts
    # Subtest: it fails twice
        not ok 1 - first
          ---
          at:
            lineNumber: 6
          ...
        ok 2 - between
        not ok 3 - second
          ---
          diff: |
            not the same
          ...
        1..3
    not ok 1 - it fails twice # time=1.5ms
      ---
      at:
        lineNumber: 5
      ...
    # Subtest: it ends too early
        1..0
    not ok 2 - it ends too early # time=2ms
      ---
      reason: test unfinished
      ...
    1..2
not ok 2 - test/b.test.ts # time=3ms
  ---
  at:
    lineNumber: 1
  ...
1..2
# { total: 4, pass: 2, fail: 2 }
`

t.test('what has failed is shown once, with the tests around it and the details', async (t) => {
  t.equal(
    failuresOf(TAP),
    `# Subtest: test/b.test.ts
    # Subtest: it fails twice
        not ok 1 - first
          ---
          at:
            lineNumber: 6
          ...
        not ok 3 - second
          ---
          diff: |
            not the same
          ...
    not ok 2 - it ends too early # time=2ms
      ---
      reason: test unfinished
      ...`
  )
})

t.test('nothing is shown if nothing has failed', async (t) => {
  t.equal(failuresOf(TAP.slice(0, TAP.indexOf('# Subtest: test/b'))), '')
})
