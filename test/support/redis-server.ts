import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const BINARY = process.env.REDIS_SERVER || 'redis-server'
const START_ATTEMPTS = 5
/** A cluster's node listens on the port 10,000 above, too. */
const FIRST_PORT = 20_000
const LAST_PORT = 50_000
const READY_MS = 10_000

export interface RedisServerOptions {
  /** A file that it reads first, and may write to. */
  configFile?: string
  /** More of redis-server's command line. */
  args?: readonly string[]
  /** An existing directory to keep the data in, over restarts: every write is on disk before it is answered. */
  dataDir?: string
}

export interface RedisServer {
  readonly port: number
  /** Another one after a restart. */
  readonly pid: number
  readonly isRunning: boolean
  /** Resolves when the process is gone; may be called again. */
  stop(): Promise<void>
  /** As `stop`, but without a chance to say goodbye. */
  kill(): Promise<void>
  /** It hangs: connections stay open, and nothing is answered until `resume()`. */
  pause(): void
  resume(): void
  /** Stops it if it still runs, and starts it on the same port. */
  restart(): Promise<void>
}

interface Running {
  child: ChildProcess
  watchdog: ChildProcess
  pid: number
}

/** Starts a redis-server (6.0 or newer) on a free port of 127.0.0.1. It ends with this process, whatever ends that. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  let port = 0
  let running: Running | undefined
  for (let attempt = 1; running === undefined; attempt++) {
    port = randomInt(FIRST_PORT, LAST_PORT)
    running = await launch(port, options)
    if (running === undefined && attempt === START_ATTEMPTS) {
      throw new Error(`${BINARY} does not start: ${commandLine(port, options).join(' ')}`)
    }
  }
  let server = running
  return {
    port,
    get pid() {
      return server.pid
    },
    get isRunning() {
      return !hasEnded(server.child)
    },
    stop: () => stop(server),
    kill: () => stop(server, 'SIGKILL'),
    pause: () => void server.child.kill('SIGSTOP'),
    resume: () => void server.child.kill('SIGCONT'),
    async restart() {
      await stop(server)
      const again = await launch(port, options)
      if (again === undefined) throw new Error(`${BINARY} does not start again on port ${port}`)
      server = again
    }
  }
}

function commandLine(port: number, { args = [], configFile, dataDir }: RedisServerOptions): string[] {
  const persistence =
    dataDir === undefined
      ? // A replication's dump must not stay: a later server on this port would begin with it.
        [
          '--dir',
          tmpdir(),
          '--dbfilename',
          `starsessions-${port}.rdb`,
          '--rdb-del-sync-files',
          'yes',
          '--appendonly',
          'no'
        ]
      : ['--dir', dataDir, '--appendonly', 'yes', '--appendfsync', 'always']
  const first = configFile === undefined ? [] : [configFile]
  return [...first, '--port', String(port), '--bind', '127.0.0.1', '--save', '', ...persistence, ...args]
}

/** `undefined`: it ended before it was ready, for example because somebody else has taken the port. */
async function launch(port: number, options: RedisServerOptions): Promise<Running | undefined> {
  const child = spawn(BINARY, commandLine(port, options), { stdio: 'ignore' })
  await once(child, 'spawn')
  const pid = child.pid!
  const running = { child, watchdog: watch(pid), pid }
  const deadline = performance.now() + READY_MS
  while (!hasEnded(child)) {
    if (await answers(port, pid)) {
      child.unref()
      return running
    }
    if (performance.now() > deadline) break
    await sleep(10)
  }
  await stop(running)
  return undefined
}

/** An exit handler would not run when this process is killed; the end of a pipe is seen however it ends. */
function watch(pid: number): ChildProcess {
  const watchdog = spawn('sh', ['-c', `read _; kill -9 ${pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  watchdog.unref()
  // A pipe is a socket to Node, which its type does not say.
  if (watchdog.stdin !== null && 'unref' in watchdog.stdin) (watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

async function stop({ child, watchdog }: Running, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  watchdog.kill('SIGKILL')
  if (hasEnded(child)) return
  child.ref()
  const ended = once(child, 'exit')
  child.kill(signal)
  // One that is paused hears of it only when it goes on.
  child.kill('SIGCONT')
  await ended
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Whether this very process answers: on a port that was taken, another one would. */
function answers(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    let reply = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\nINFO server\r\nQUIT\r\n'))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('data', (chunk) => {
      reply += chunk
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(reply.startsWith('+PONG') && reply.includes(`process_id:${pid}\r\n`)))
  })
}
