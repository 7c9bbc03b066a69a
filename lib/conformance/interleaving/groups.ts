import type { Case, InterleavingOptions, Subject } from '../../../types/store-conformance.ts'
import { withSubject } from '../cases.ts'
import { expect } from '../expect.ts'
import type { Group } from './actions.ts'
import { Interleaving } from './interleaving.ts'

/** One case for each group of requests. */
export const groupCases = (
  make: () => Promise<Subject>,
  groups: readonly Group[],
  plugin: NonNullable<InterleavingOptions['plugin']>
): Case[] =>
  groups.map((group) => ({
    title: `every order of the store calls keeps all promises: ${group.join(', ')}`,
    run: () => withSubject(make, ({ store }) => holds(group, Interleaving.over(store, group.length, plugin)))
  }))

async function holds(group: Group, made: Promise<Interleaving>): Promise<void> {
  const interleaving = await made
  try {
    const { orders, violations } = await interleaving.all(group)
    const list = violations.map(({ promise, order }) => `${promise} (${order})`)
    expect(list.length === 0, `${orders} orders of ${group.join(', ')} were tried. Broken: ${list.join('; ')}`)
  } finally {
    await interleaving.close()
  }
}
