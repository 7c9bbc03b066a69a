import { COLD_REQUESTS } from '../measures/cold.ts'
import type { Speed } from '../measures/comparison.ts'
import { CONNECTIONS } from '../measures/http.ts'
import { TUNED_FLAGS } from '../measures/processes.ts'
import { costSection, type Figures, ratioSection } from './cost-sections.ts'
import type { Section } from './table.ts'

/** The first tables: what users pay. */
export function userSections(http: readonly Speed[], cold: readonly Speed[], rounds: number): Section[] {
  const figures: Figures[] = [
    ...http.map((speed) => ({ head: speed.scenario, speed })),
    ...cold.map((speed) => ({ head: `${speed.scenario} cold`, speed }))
  ]
  const notes = [
    'Microseconds of CPU time a request, above a bare route. Less is better.',
    http.length === 0
      ? ''
      : `Over HTTP, with V8's default flags: ${CONNECTIONS} connections, each with a session of its own of 300 bytes; median of ${rounds} interleaved rounds ± half the interquartile range. It is the time of the server's process, of all its threads. The load comes from another process, and what Redis itself needs is not counted.`,
    cold.length === 0
      ? ''
      : `"Cold" is the mean of the first ${COLD_REQUESTS.toLocaleString('en')} requests of each kind, in turns, in a process that has just started, without connections: median of as many new processes. This is what a restarted process or a serverless function pays.`
  ]
  const note = notes.filter((one) => one !== '').join(' ')
  return [costSection('What a request costs', note, figures), ratioSection('Ours compared with others', figures)]
}

/** The tables for whoever looks for causes. */
export function inProcessSections(speeds: readonly Speed[], rounds: number): Section[] {
  const figures = speeds.map((speed) => ({
    head: speed.size === 200 ? speed.scenario : `${speed.scenario}, 4 KB`,
    speed
  }))
  const note = `This table is a tool for finding causes, not what users pay. V8's flags are tuned for steady figures (\`${TUNED_FLAGS.join(' ')}\`), and each column is warm. Each request is one of Node's own, handed to the application without a connection. Microseconds of CPU time above a bare route of the same framework, sessions of 200 bytes: median of ${rounds} interleaved rounds ± half the interquartile range. "A plugin by hand" is the least that a plugin of this structure needs: two hooks, a store that answers with promises, a comparison and the headers. It checks nothing, merges nothing, and leaves no tombstone.`
  return [costSection('In process, with tuned flags', note, figures), ratioSection('Ratios in process', figures)]
}
