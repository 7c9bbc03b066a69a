import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { testApp } from './app.ts'
import type { Library, Servers } from './redis-topologies.ts'
import type { Job } from './session-process.ts'
import { openShared, type SharedPlace } from './shared-stores.ts'
import { TYPESCRIPT } from './typescript.ts'

const PROGRAM = fileURLToPath(new URL('./session-process.ts', import.meta.url))

/** Makes a session in Redis, and starts processes that share it. */
export const sharedSession = (t: Test, servers: Servers, library: Library = 'ioredis') =>
  sessionIn(t, { kind: 'redis', servers, library })

/** Makes a session in any store that processes can share, and starts processes that share it. */
export async function sessionIn(t: Test, place: SharedPlace) {
  const { store, close } = await openShared(place)
  t.teardown(close)
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  return {
    start: (job: Omit<Job, 'place' | 'cookie'>) => startProcess(t, { ...job, place, cookie: String(cookie) }),
    data: async () => (await send(cookie, (session) => session.data())).body as Record<string, unknown>
  }
}

function startProcess(t: Test, job: Job) {
  const child: ChildProcess = spawn(process.execPath, [TYPESCRIPT, PROGRAM, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  const running = { child, acknowledged: 0, ended: once(child, 'close') }
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line === 'acknowledged') running.acknowledged++
  })
  return running
}
