import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { RedisStore } from '../../lib/stores/redis.ts'
import { testApp } from './app.ts'
import { connectTo, type Library, type Servers } from './redis-topologies.ts'
import type { Job } from './session-process.ts'
import { TYPESCRIPT } from './typescript.ts'

const PROGRAM = fileURLToPath(new URL('./session-process.ts', import.meta.url))

/** Makes a session in Redis, and starts processes that share it. */
export async function sharedSession(t: Test, servers: Servers, library: Library = 'ioredis') {
  const { client, close } = await connectTo(servers, library)
  t.teardown(close)
  const { send } = await testApp(t, { store: new RedisStore({ client }) })
  const { cookie } = await send(undefined, (session) => void (session.user = 'alice'))
  return {
    start: (job: Omit<Job, 'servers' | 'library' | 'cookie'>) =>
      startProcess(t, { ...job, servers, library, cookie: String(cookie) }),
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
