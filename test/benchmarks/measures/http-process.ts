import { columnOfProcess, uncounted } from './opening.ts'

// One column as a server, in a separate process. It gets no requests but those over HTTP: requests in process have other
// objects, and V8 compiles slower code for functions that see both.

/** The message of the parent. */
export type HttpQuestion = { readonly question: 'port' | 'cpu' }

process.on('disconnect', () => process.exit())

const { found: column, bench } = await columnOfProcess()
const port = await (await column.open({ ...bench, counted: uncounted })).listen()

/** @returns the CPU time of this process so far, of all threads, in microseconds */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

process.on('message', ({ question }: HttpQuestion) => process.send?.(question === 'port' ? port : cpu()))
process.send?.('ready')
