import type { SessionsByUser } from '../../../types/users/sessions-by-user.ts'
import type { Add } from '../cases.ts'
import { Account, type AddForAccount } from './account.ts'
import { endingCases } from './ending.ts'
import { limitCases } from './limits.ts'
import { listCases } from './lists.ts'
import { watchCases } from './watching.ts'

/** The cases of a store with `byUser`. */
export function byUserCases(add: Add, { watch }: SessionsByUser): void {
  const addForAccount: AddForAccount = (title, body) =>
    add(`the sessions of a user: ${title}`, (context) => body(new Account(context.store), context))
  listCases(addForAccount)
  endingCases(addForAccount)
  limitCases(addForAccount)
  if (watch !== undefined) watchCases(addForAccount)
}
