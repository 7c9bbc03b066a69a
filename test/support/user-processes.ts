import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RedisServer } from './redis-server.ts'
import { TYPESCRIPT } from './typescript.ts'

const PROGRAM = fileURLToPath(new URL('./user-process.ts', import.meta.url))

export interface UserAnswer {
  readonly status: number
  readonly body: unknown
  /** The Cookie header of the next request, if the answer sets a cookie. */
  readonly cookie: string | undefined
}

/** A server of users' sessions in a process of its own. */
export class UserProcess {
  readonly port: number

  private constructor(port: number) {
    this.port = port
  }

  static async start(t: { teardown(fn: () => unknown): void }, redis: RedisServer, max: number): Promise<UserProcess> {
    const child = spawn(process.execPath, [TYPESCRIPT, PROGRAM, String(redis.port), String(max)], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    t.teardown(() => child.kill('SIGKILL'))
    const [port] = await once(child.stdout, 'data')
    return new UserProcess(Number(port))
  }

  async get(path: string, cookie?: string): Promise<UserAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: cookie ? { cookie } : {} })
    const line = response.headers.get('set-cookie')
    const isSet = line !== null && !line.includes('Expires=Thu, 01 Jan 1970')
    return { status: response.status, body: await response.json(), cookie: isSet ? line.split(';')[0] : undefined }
  }
}
