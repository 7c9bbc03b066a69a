import type { FastifyReply } from 'fastify'

/** The callback of an onSend hook. */
export type Done = (error: Error | null, payload?: unknown) => void

/**
 * Makes the reply count as sent until `finishing` is settled. Fastify itself sets `sent` only when the body is out.
 *
 * Otherwise Fastify would continue the request while a slow onSend hook runs, if a hook or an async handler called
 * `reply.send()` without returning the reply. The handler behind a refused login would run, or a second response would
 * follow.
 *
 * @param done the hook's callback. It is called in the same turn in which the reply stops counting as sent
 */
export function whileSending(reply: FastifyReply, finishing: Promise<unknown>, done: Done): void {
  const waiting: (() => void)[] = []
  Object.defineProperty(reply, 'sent', { value: true, configurable: true })
  // Code that awaits the reply waits for the end of the body. With `sent` set, `then` would resolve too early.
  Object.defineProperty(reply, 'then', {
    value: (...callbacks: Parameters<FastifyReply['then']>) => void waiting.push(() => reply.then(...callbacks)),
    configurable: true
  })
  const release = (error: Error | null, payload?: unknown) => {
    for (const name of ['then', 'sent']) Reflect.deleteProperty(reply, name)
    try {
      done(error, payload)
    } catch (thrown) {
      // If sending fails, for example because Node refuses a header, Fastify answers with that error.
      done(thrown as Error)
    }
    for (const resume of waiting) resume()
  }
  finishing.then(
    (payload) => release(null, payload),
    (error) => release(error)
  )
}
