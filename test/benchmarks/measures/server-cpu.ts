import { readdirSync, readFileSync } from 'node:fs'

/** The CPU time of each process of a server so far, in nanoseconds, by the id of the process. */
export type ServerCpu = ReadonlyMap<number, number>

/** `undefined` if the process has ended, or if the operating system is not Linux. */
function read(pid: number | string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** The id of the parent is the second field after the name of the program, which may hold spaces and brackets. */
const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])

/**
 * Reads what a server and its child processes have used. PostgreSQL has one child for each connection.
 *
 * `schedstat` counts nanoseconds. The times in `stat` count in steps of 10 milliseconds, which is more than one turn of
 * a measurement needs.
 * @returns `undefined` where Linux does not count it
 */
export function serverCpu(pid: number): ServerCpu | undefined {
  const own = read(pid, 'schedstat')
  if (own === undefined) return undefined
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const children = processes.filter((child) => {
    const stat = read(child, 'stat')
    return stat !== undefined && parentOf(stat) === pid
  })
  const times = new Map([[pid, Number.parseInt(own, 10)]])
  for (const child of children) {
    const text = read(child, 'schedstat')
    if (text !== undefined) times.set(Number(child), Number.parseInt(text, 10))
  }
  return times
}

/**
 * A connection that closes takes the figures of its process away. Such a process is left out, because it only served
 * other measurements.
 * @returns the microseconds that passed between two readings, in all processes that are in the second one
 */
export const spentBetween = (before: ServerCpu, after: ServerCpu): number =>
  [...after].reduce((sum, [pid, time]) => sum + time - (before.get(pid) ?? 0), 0) / 1000
