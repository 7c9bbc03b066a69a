import type { Case, Subject } from '../../../types/store-conformance.ts'
import { byUserCases } from '../by-user/all.ts'
import { type Add, makeCase } from '../cases.ts'
import { bytesCases } from './bytes.ts'
import { creatingCases } from './creating.ts'
import { failureCases } from './failures.ts'
import { identityCases } from './identity.ts'
import { movingCases } from './moving.ts'
import { prolongingCases } from './prolonging.ts'
import { registrationCases } from './registering.ts'
import { removalCases } from './removal.ts'
import { replacingCases } from './replacing.ts'
import { timeCases } from './times.ts'
import { traitsOf } from './traits.ts'

/**
 * @param probe a subject that shows which optional members the store has
 * @param make makes the subject of each case
 */
export function allCases(probe: Subject, make: () => Promise<Subject>): Case[] {
  const cases: Case[] = []
  const add: Add = (title, body) => void cases.push(makeCase(make, title, body))
  const traits = traitsOf(probe.store)
  identityCases(add, traits)
  registrationCases(add, traits)
  bytesCases(add)
  removalCases(add, traits)
  timeCases(add, traits)
  prolongingCases(add, traits)
  if (traits.replaces) {
    replacingCases(add)
    creatingCases(add)
  }
  if (traits.moves) movingCases(add)
  if (probe.store.byUser !== undefined) byUserCases(add, probe.store.byUser)
  if (probe.break !== undefined) failureCases(add)
  return cases
}
