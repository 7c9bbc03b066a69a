import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Listener } from '../scenarios/in-process.ts'

/** The measured application. It answers in process and over HTTP. */
export interface Application {
  readonly listener: Listener
  /** @returns the port on 127.0.0.1 */
  listen(): Promise<number>
  close(): Promise<void>
}

export async function fastifyApplication(app: FastifyInstance): Promise<Application> {
  await app.ready()
  return {
    listener: app.routing,
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return (app.server.address() as AddressInfo).port
    },
    close: () => app.close()
  }
}

export const expressApplication = (listener: Listener): Application => ({
  listener,
  listen: () => Promise.reject(new Error('Express is asked in process only')),
  close: async () => undefined
})
