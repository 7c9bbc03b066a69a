import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Sample, sampleOf } from '../report/statistics.ts'
import type { Section } from '../report/table.ts'
import type { ImportCost } from './import-process.ts'

const run = promisify(execFile)

const PLUGINS = ['ours', '@fastify/session', '@fastify/secure-session'] as const
const ROUNDS = 15

/** Milliseconds. */
export interface Import {
  readonly plugin: (typeof PLUGINS)[number]
  readonly load: Sample
  readonly register: Sample
}

/** Each plugin in fresh processes, in turns. */
export async function measureImports(): Promise<Import[]> {
  const program = fileURLToPath(new URL(`./import-process${extname(import.meta.url)}`, import.meta.url))
  const costs = PLUGINS.map((plugin) => ({ plugin, load: [] as number[], register: [] as number[] }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const { plugin, load, register } of costs) {
      const { stdout } = await run(process.execPath, [program, plugin])
      const cost: ImportCost = JSON.parse(stdout)
      load.push(cost.load)
      register.push(cost.register)
    }
  }
  return costs.map(({ plugin, load, register }) => ({
    plugin,
    load: sampleOf(load),
    register: sampleOf(register)
  }))
}

export function importSection(imports: readonly Import[]): Section {
  const cell = ({ median, spread }: Sample) => `${median.toFixed(1)} ± ${spread.toFixed(1)}`
  return {
    title: 'Start of a process',
    note: `Milliseconds of CPU time in a fresh process that has loaded Fastify: median of ${ROUNDS} ± half the interquartile range. @fastify/session is loaded and registered with @fastify/cookie, because it needs that plugin.`,
    rows: [
      ['', 'import', 'register'],
      ...imports.map(({ plugin, load, register }) => [plugin, cell(load), cell(register)])
    ]
  }
}
