import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../../support/postgres-server.ts'
import { startRedis } from '../../support/redis-server.ts'

/** The server that keeps the sessions. The soak kills it and lets it hang. */
export interface Backend {
  readonly name: string
  readonly port: number
  /** How many processes serve the visitors. */
  readonly processes: number
  kill(): Promise<void>
  restart(): Promise<void>
  pause(): Promise<void>
  resume(): void
  stop(): Promise<void>
}

async function redis(): Promise<Backend> {
  const dataDir = await mkdtemp(join(tmpdir(), 'starsessions-soak-'))
  const server = await startRedis({ dataDir })
  return {
    name: 'Redis',
    port: server.port,
    processes: 1,
    kill: () => server.kill(),
    restart: () => server.restart(),
    pause: async () => server.pause(),
    resume: () => server.resume(),
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true })
    }
  }
}

async function postgres(): Promise<Backend> {
  const server = await startPostgres()
  return {
    name: 'PostgreSQL',
    port: server.port,
    processes: 3,
    kill: () => server.crash(),
    restart: () => server.restart(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: () => server.stop()
  }
}

export const BACKENDS: Readonly<Record<string, () => Promise<Backend>>> = { redis, postgres }
