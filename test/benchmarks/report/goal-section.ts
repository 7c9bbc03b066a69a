import type { Check } from '../goals.ts'
import type { Section } from './table.ts'

export function verdict({ limit, reached, moreIsBetter, isNoise }: Check): 'yes' | 'no' | 'noise' {
  if (isNoise) return 'noise'
  return (moreIsBetter ? reached >= limit : reached <= limit) ? 'yes' : 'no'
}

export function goalSection(checks: readonly Check[]): Section {
  const count = (wanted: string) => checks.filter((check) => verdict(check) === wanted).length
  const noise = count('noise') === 0 ? '' : `, and ${count('noise')} cannot be told from this run`
  return {
    title: 'Goals',
    note: `What this project wants to reach. ${count('yes')} of ${checks.length} goals are met${noise}. "Noise": two equal columns differed by more than this figure differs from its goal.`,
    rows: [
      ['goal', 'measured', 'limit', 'reached', 'met'],
      ...checks.map((check) => [
        `${check.what} (${check.unit})`,
        check.where,
        `${check.moreIsBetter ? '≥' : '≤'} ${check.limit}`,
        check.reached.toFixed(check.reached < 100 ? 2 : 0),
        verdict(check)
      ])
    ]
  }
}
