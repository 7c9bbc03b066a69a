import type { Case, InterleavingOptions, Subject } from '../types/store-conformance.ts'
import { ownOptions } from './checks/option-names.ts'
import { withSubject } from './conformance/cases.ts'
import { PAIRS, TRIPLES } from './conformance/interleaving/actions.ts'
import { groupCases } from './conformance/interleaving/groups.ts'
import { allCases } from './conformance/store/all.ts'
import { SessionOptionsError } from './errors.ts'

export type * from '../types/store-conformance.ts'

/**
 * Tests whether a store keeps the promises of `SessionStore`. Pass the cases to any test runner:
 *
 * ```ts
 * for (const { title, run } of await storeCases(async () => ({ store: new MyStore() }))) test(title, run)
 * ```
 *
 * @param make makes a subject. It is called once to see which optional members the store has, and then for each case
 * @returns the cases that fit the members of the store
 * @throws `FST_SESSION_OPTIONS` if `make` makes no store
 */
export async function storeCases(make: () => Promise<Subject>): Promise<Case[]> {
  return withSubject(make, async (subject) => allCases(subject, make))
}

/**
 * Tests whether overlapping requests lose no write and no logout, and end up with the right cookie. Each case runs two
 * requests over the store, in every order of their store calls.
 *
 * @param make makes a subject. It is called once to see which optional members the store has, and then for each case
 * @returns a case for each pair of requests, and on demand for each combination of three
 * @throws `FST_SESSION_OPTIONS` if `make` makes no store, or the store has no `replace`
 */
export async function interleavingCases(
  make: () => Promise<Subject>,
  options: InterleavingOptions = {}
): Promise<Case[]> {
  const { threes = false, plugin = {} } = ownOptions('interleavingCases', options, ['threes', 'plugin'])
  await withSubject(make, async ({ store }) => {
    if (store.replace !== undefined) return
    throw new SessionOptionsError(
      'interleavingCases needs a store with replace(): without it, requests of two processes can overwrite each other. Give the store a replace(), or leave these cases out'
    )
  })
  return groupCases(make, threes ? [...PAIRS, ...TRIPLES] : PAIRS, plugin)
}
