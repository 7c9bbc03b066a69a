import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const BINARY = process.env.REDIS_SERVER || 'redis-server'
const START_ATTEMPTS = 5
/** A cluster node also listens on its port + 10,000. */
const FIRST_PORT = 20_000
const LAST_PORT = 50_000
const READY_MS = 10_000

export interface RedisServerOptions {
  /** A configuration file. The server reads it at the start and may write to it. */
  configFile?: string
  /** Further arguments for redis-server. */
  args?: readonly string[]
  /** An existing directory for the data, which survive a restart. Each write is on disk before it is answered. */
  dataDir?: string
}

export interface RedisServer {
  readonly port: number
  /** The id of the process. It changes with a restart. */
  readonly pid: number
  readonly isRunning: boolean
  /** Stops the server. Resolves when the process has ended. A second call does no harm. */
  stop(): Promise<void>
  /** The same as `stop`, but with SIGKILL. */
  kill(): Promise<void>
  /** Makes the server hang: connections stay open, and no command is answered until `resume()`. */
  pause(): void
  resume(): void
  /** Stops the server if it still runs, and starts it again on the same port. */
  restart(): Promise<void>
}

interface Running {
  child: ChildProcess
  watchdog: ChildProcess
  pid: number
}

/** Starts a redis-server on a free port of 127.0.0.1. It ends with this process, even if this process is killed. */
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
      ? // The dump of a replication must be deleted, because a later server on this port would load it.
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

/** Returns `undefined` if the server ended before it was ready, for example because the port is in use. */
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

/** A shell that kills the server when this process ends. It sees the end of a pipe, even if this process is killed. */
function watch(pid: number): ChildProcess {
  const watchdog = spawn('sh', ['-c', `read _; kill -9 ${pid}`], { stdio: ['pipe', 'ignore', 'ignore'] })
  watchdog.unref()
  // In Node a pipe is a socket and has `unref`, but its type does not say so.
  if (watchdog.stdin !== null && 'unref' in watchdog.stdin) (watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

async function stop({ child, watchdog }: Running, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  watchdog.kill('SIGKILL')
  if (hasEnded(child)) return
  child.ref()
  const ended = once(child, 'exit')
  child.kill(signal)
  // A paused process handles the signal only after it is resumed.
  child.kill('SIGCONT')
  await ended
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Whether this process answers on the port. If the port was in use, another server would answer. */
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
