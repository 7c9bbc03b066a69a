import type { FastifyReply } from 'fastify'

/** The callback of an onSend hook. */
export type Done = (error: Error | null, payload?: unknown) => void

/**
 * Lets an onSend hook take its time: until `finishing` is settled, the reply counts as sent. Fastify notes that only when
 * the body is out. Until then it goes on with a request whose hook or async handler has called `reply.send()` without
 * returning the reply: to the handler behind a refused login, or to a second response.
 *
 * @param done the hook's callback; it is called in the same turn in which the reply stops counting as sent
 */
export function whileSending(reply: FastifyReply, finishing: Promise<unknown>, done: Done): void {
  const waiting: (() => void)[] = []
  Object.defineProperty(reply, 'sent', { value: true, configurable: true })
  // To await the reply is to await the end of its body, which `sent` would seem to promise already.
  Object.defineProperty(reply, 'then', {
    value: (...callbacks: Parameters<FastifyReply['then']>) => void waiting.push(() => reply.then(...callbacks)),
    configurable: true
  })
  const release = (error: Error | null, payload?: unknown) => {
    for (const name of ['then', 'sent']) Reflect.deleteProperty(reply, name)
    try {
      done(error, payload)
    } catch (thrown) {
      // What cannot be sent after all, such as a header that Node refuses: Fastify answers that, too.
      done(thrown as Error)
    }
    for (const resume of waiting) resume()
  }
  finishing.then(
    (payload) => release(null, payload),
    (error) => release(error)
  )
}
