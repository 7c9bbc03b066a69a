import type { Column } from '../columns/column.ts'
import { BARE } from '../columns/index.ts'
import type { Tell } from '../report/progress.ts'
import type { Section } from '../report/table.ts'
import type { Scenario } from '../scenarios/scenarios.ts'
import { ColumnWorker } from './column-worker.ts'
import type { Ports } from './opening.ts'
import type { Path } from './path-count.ts'

const SCENARIOS: readonly Scenario[] = ['S1', 'S2', 'S5']

/** What a request of one column runs through, by scenario. */
export interface ColumnPath {
  readonly column: string
  readonly paths: ReadonlyMap<Scenario, Path>
}

/** One column after the other. Promises are those that the same request to a bare route does not create. */
export async function measurePaths(all: readonly Column[], ports: Ports, tell: Tell): Promise<ColumnPath[]> {
  const columns = all.filter(({ kind, scenarios }) => (kind === 'ours' || kind === 'limit') && scenarios === undefined)
  const bare = await pathsOf(BARE, ports)
  const found: ColumnPath[] = []
  for (const column of columns) {
    tell(column.name)
    const paths = new Map<Scenario, Path>()
    for (const [scenario, path] of await pathsOf(column, ports)) {
      paths.set(scenario, { ...path, promises: path.promises - bare.get(scenario)!.promises })
    }
    found.push({ column: column.name, paths })
  }
  return found
}

async function pathsOf({ name }: Column, ports: Ports): Promise<Map<Scenario, Path>> {
  const worker = await ColumnWorker.start({ column: name, size: 200, rolling: false, ports })
  const paths = new Map<Scenario, Path>()
  for (const scenario of SCENARIOS) paths.set(scenario, await worker.path(scenario))
  await worker.stop()
  return paths
}

export function pathSection(found: readonly ColumnPath[]): Section {
  const cells = ({ functions, files, calls, promises }: Path) =>
    (functions === 0 ? ['-', '-', '-', promises] : [functions, files, calls, promises]).map(String)
  return {
    title: 'The path of a request',
    note: 'How many functions of this library one request runs, from how many files, how many calls that makes, and how many promises it creates above a bare route. Promises include those of the Redis client and of each `await`.',
    rows: [
      [
        '',
        ...SCENARIOS.flatMap((name) => ['functions', 'files', 'calls', 'promises'].map((what) => `${name} ${what}`))
      ],
      ...found.map(({ column, paths }) => [column, ...SCENARIOS.flatMap((name) => cells(paths.get(name)!))])
    ]
  }
}
