import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'

/** Waits for one answer of a forked process. @throws if the process ends instead */
async function answer(child: ChildProcess, what: string): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${what}: its process ended with code ${code}; it printed the reason above`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    settled.abort()
  }
}

export const DEFAULT_FLAGS: readonly string[] = []

/**
 * These flags keep a process as a busy server would be: with compiled code and a fully grown young generation. Without
 * them, V8 gives both up while the other columns have their turns.
 *
 * `--no-allocation-site-pretenuring` makes V8 allocate every new object in the young generation. By default V8 may
 * decide, by chance, to allocate some objects as old. That costs a column 10 microseconds for each request, or nothing.
 */
export const TUNED_FLAGS: readonly string[] = [
  '--no-flush-bytecode',
  '--no-memory-reducer',
  '--min-semi-space-size=16',
  '--no-allocation-site-pretenuring',
  '--expose-gc'
]

/** A module in a separate process. It sends 'ready', and then answers each message with one message. */
export class Worker {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  /** @param module a path relative to this file, without the extension */
  static async start(name: string, module: string, args: readonly string[], flags = TUNED_FLAGS): Promise<Worker> {
    const path = new URL(`${module}${extname(import.meta.url)}`, import.meta.url)
    const child = fork(path, args, { execArgv: [...process.execArgv, ...flags] })
    await answer(child, name)
    return new Worker(name, child)
  }

  ask(message: object): Promise<unknown> {
    const answered = answer(this.#child, this.name)
    this.#child.send(message)
    return answered
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.disconnect()
    await ended
  }
}
