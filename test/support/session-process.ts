import Fastify from 'fastify'
import starsessions from '../../lib/index.ts'
import type { Session } from '../../types/session.ts'
import { openShared, type SharedPlace } from './shared-stores.ts'

/** The work that a separate process does with one session. */
export interface Job {
  readonly place: SharedPlace
  readonly cookie: string
  readonly kind: 'write' | 'increment'
  /** The keys of this process start with this name. */
  readonly name: string
  readonly inFlight: number
  readonly rounds: number
}

// This file is a program. Its argument is a job. Several such processes share a session.
const job = JSON.parse(String(process.argv[2])) as Job
const { store, close } = await openShared(job.place)
const app = Fastify()
await app.register(starsessions, { store })

const handlers: Record<Job['kind'], (session: Session, key: string) => unknown> = {
  async write(session, key) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    session[key] = true
  },
  increment: (session) =>
    session.update((newest) => {
      newest.total = (newest.total ?? 0) + 1
      newest[job.name] = (newest[job.name] ?? 0) + 1
    })
}
app.get('/:key', async (request) => {
  const { key } = request.params as { key: string }
  await handlers[job.kind](await request.loadSession(), key)
  return 'ok'
})

for (let round = 0; round < job.rounds; round++) {
  await Promise.all(
    Array.from({ length: job.inFlight }, async (_, index) => {
      const url = `/${job.name}-${index}-${round}`
      for (;;) {
        const { statusCode } = await app.inject({ url, headers: { cookie: job.cookie } })
        // After a conflict nothing was written, so the client tries again.
        if (statusCode === 409) continue
        if (statusCode !== 200) throw new Error(`status ${statusCode}`)
        process.stdout.write('acknowledged\n')
        return
      }
    })
  )
}
await app.close()
await close()
