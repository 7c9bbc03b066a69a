import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

/** What is measured: it answers in process, and over HTTP. */
export interface Application {
  inject(request: InjectOptions, callback: (error: Error | undefined, response: LightMyRequestResponse) => void): void
  /** @returns the port on 127.0.0.1 */
  listen(): Promise<number>
  close(): Promise<void>
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void
type Inject = (listener: Listener, ...args: Parameters<Application['inject']>) => void

const require = createRequire(import.meta.url)
/** What `app.inject()` of Fastify is made of, for applications that are not Fastify's. */
const injectInto = createRequire(require.resolve('fastify'))('light-my-request') as Inject

export const fastifyApplication = (app: FastifyInstance): Application => ({
  inject: (request, callback) => app.inject(request, (error, response) => callback(error, response!)),
  async listen() {
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  },
  close: () => app.close()
})

/** It does not listen: its prototypes are those of in-process requests from the first one on. */
export const expressApplication = (app: Listener): Application => ({
  inject: (request, callback) => injectInto(app, request, callback),
  listen: () => Promise.reject(new Error('Express is asked in process only')),
  close: async () => undefined
})
