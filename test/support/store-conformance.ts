import type { Test } from 'tap'
import { makeCase, withSubject } from '../../lib/conformance/cases.ts'
import { interleavingCases, storeCases } from '../../lib/store-conformance.ts'
import type { Case, InterleavingOptions, Subject } from '../../types/store-conformance.ts'
import { byUserCases } from './by-user-cases.ts'

/** With `threes`, the cases of three requests come after the 45 cases of two. */
export const THREES = (index: number): boolean => index >= 45
/** Some of them, for servers where all would take too long. */
export const SOME_THREES = (index: number): boolean => THREES(index) && index % 8 === 5

/** Runs cases with tap, one after the other. */
export async function runCases(t: Test, cases: readonly Case[]): Promise<void> {
  for (const { title, run } of cases) {
    await t.test(title, async (t) => {
      await run()
      t.pass('it holds')
    })
  }
}

/** Tests the promises of `SessionStore`, for any store. */
export async function storeConformance(t: Test, name: string, make: () => Promise<Subject>): Promise<void> {
  await t.test(`${name} keeps what SessionStore promises`, async (t) => {
    await runCases(t, await storeCases(make))
    const cases = await withSubject(make, async ({ store }) => byUserCases(store))
    await runCases(
      t,
      cases.map(({ title, run }) =>
        makeCase(make, title, ({ store, pass }) => run({ store, pass: async (s) => pass(s) }))
      )
    )
  })
}

/**
 * Tests the promises about overlapping requests, for a store with `replace`.
 * @param some which of the cases run. Without it, all do
 * @returns the number of cases that ran
 */
export async function storeInterleavings(
  t: Test,
  make: () => Promise<Subject>,
  options: InterleavingOptions = {},
  some: (index: number) => boolean = () => true
): Promise<number> {
  // Without the random part, a pause between two attempts is as short as it can be.
  const { random } = Math
  Math.random = () => 0
  try {
    const cases = (await interleavingCases(make, options)).filter((_, index) => some(index))
    await runCases(t, cases)
    return cases.length
  } finally {
    Math.random = random
  }
}
