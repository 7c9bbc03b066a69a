import type { Test } from 'tap'
import { interleavingCases, storeCases } from '../../lib/store-conformance.ts'
import type { SessionStore } from '../../types/store.ts'
import type { Case, InterleavingOptions, Subject } from '../../types/store-conformance.ts'

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
  await t.test(`${name} keeps what SessionStore promises`, async (t) => runCases(t, await storeCases(make)))
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

/** The cases about the sessions of each user, over this store. */
export const casesByUser = async (store: SessionStore): Promise<Case[]> =>
  (await storeCases(async () => ({ store }))).filter(({ title }) => title.startsWith('the sessions of a user: '))
