import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'

/** One answer of a process that was forked. @throws when it ends instead */
async function answer(child: ChildProcess, what: string): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${what}: its process ended (${code}); the reason stands above`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    settled.abort()
  }
}

/**
 * As in a server that has been busy for a while: with its code, and with the whole of its young generation. While the
 * other columns have their turns, V8 would take both back.
 *
 * And what is new is young: by what survives its first collections, V8 may have a process allocate some objects as old,
 * and each then keeps what it refers to. That is chance, and costs any column 10 microseconds a request, or none.
 */
export const FLAGS = [
  '--no-flush-bytecode',
  '--no-memory-reducer',
  '--min-semi-space-size=16',
  '--no-allocation-site-pretenuring',
  '--expose-gc'
]

/** A module in a process of its own, which says 'ready' and then answers each message with one. */
export class Worker {
  readonly name: string
  readonly #child: ChildProcess

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
  }

  /** @param module beside this one, without its extension */
  static async start(name: string, module: string, args: readonly string[]): Promise<Worker> {
    const path = new URL(`${module}${extname(import.meta.url)}`, import.meta.url)
    const child = fork(path, args, { execArgv: [...process.execArgv, ...FLAGS] })
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
