import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chownSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { postgresProgram } from './ensure-programs.ts'

const START_ATTEMPTS = 5
const FIRST_PORT = 20_000
const LAST_PORT = 50_000
const READY_MS = 30_000

/** The user and the database that `initdb` makes. The server asks for no password. */
export const SUPERUSER = 'postgres'

/** PostgreSQL refuses to run as root, so it runs as `nobody`. */
const NOBODY = 65_534
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

export interface PostgresOptions {
  /** Further settings, such as `{ max_connections: '5' }`. */
  settings?: Readonly<Record<string, string>>
  /** The port of a server. The new server is its standby, and answers reads only. */
  standbyOf?: number
}

export interface PostgresServer {
  readonly port: number
  /** The id of the process. It changes with a restart. */
  readonly pid: number
  /** What a client needs in order to connect, for `pg` and for postgres.js. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** Runs statements as the superuser, in a connection of their own. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>
  /** Ends all connections, stops the server and deletes its data. A second call does no harm. */
  stop(): Promise<void>
  /** Ends the server at once, as after a loss of power. The data stay, so that `restart()` recovers them. */
  crash(): Promise<void>
  /** Makes the server hang: connections stay open, and no statement is answered until `resume()`. */
  pause(): Promise<void>
  resume(): void
  /** Stops the server if it still runs, and starts it again on the same port with the same data. */
  restart(): Promise<void>
}

interface Running {
  child: ChildProcess
  watchdog: ChildProcess
  pid: number
}

/** Starts PostgreSQL on a free port of 127.0.0.1, with a new data directory. It ends with this process, even if this process is killed. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'starsessions-postgres-'))
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const dataDir = join(folder, 'data')
  await makeData(dataDir, options)
  let port = 0
  let running: Running | undefined
  for (let attempt = 1; running === undefined; attempt++) {
    port = randomInt(FIRST_PORT, LAST_PORT)
    running = await launch(port, dataDir, options)
    if (running === undefined && attempt === START_ATTEMPTS) throw new Error(`PostgreSQL does not start in ${dataDir}`)
  }
  let server = running
  let paused: number[] = []
  const connection = { host: '127.0.0.1', port, user: SUPERUSER, database: SUPERUSER }
  const resume = () => {
    for (const pid of paused) signal(pid, 'SIGCONT')
    paused = []
  }
  return {
    port,
    get pid() {
      return server.pid
    },
    connection,
    sql: (text) => ask(port, text),
    async stop() {
      resume()
      await end(server, 'SIGINT')
      await rm(folder, { recursive: true, force: true })
    },
    async crash() {
      resume()
      await end(server, 'SIGQUIT')
    },
    async pause() {
      const client = new pg.Client(connection)
      await client.connect()
      // The first process starts the others, so it is stopped before they are listed.
      signal(server.pid, 'SIGSTOP')
      const { rows } = await client.query('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
      paused = [server.pid, ...rows.map(({ pid }) => pid)]
      for (const pid of paused) signal(pid, 'SIGSTOP')
      await client.end()
    },
    resume,
    async restart() {
      resume()
      await end(server, 'SIGINT')
      const again = await launch(port, dataDir, options)
      if (again === undefined) throw new Error(`PostgreSQL does not start again on port ${port}`)
      server = again
    }
  }
}

async function makeData(dataDir: string, { standbyOf }: PostgresOptions): Promise<void> {
  const [program, args] =
    standbyOf === undefined
      ? ['initdb', ['--pgdata', dataDir, '--username', SUPERUSER, '--auth', 'trust', '--encoding', 'UTF8', '--no-sync']]
      : [
          'pg_basebackup',
          ['--pgdata', dataDir, '--username', SUPERUSER, '--host', '127.0.0.1', '--port', String(standbyOf)].concat([
            '--write-recovery-conf',
            '--checkpoint',
            'fast',
            '--no-sync'
          ])
        ]
  const child = spawn(postgresProgram(program as string), args as string[], {
    ...user,
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let problem = ''
  child.stderr!.on('data', (chunk) => {
    problem += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${program} fails: ${problem}`)
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  shared_buffers: '16MB',
  max_connections: '60'
}

/** Returns `undefined` if the server ended before it was ready, for example because the port is in use. */
async function launch(port: number, dataDir: string, { settings }: PostgresOptions): Promise<Running | undefined> {
  const all = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(postgresProgram('postgres'), ['-D', dataDir, '-p', String(port), ...all], {
    ...user,
    cwd: tmpdir(),
    stdio: 'ignore'
  })
  await once(child, 'spawn')
  const pid = child.pid!
  const running = { child, watchdog: watch(pid, dataDir), pid }
  const deadline = performance.now() + READY_MS
  while (!hasEnded(child)) {
    if (await answers(port, dataDir)) {
      child.unref()
      return running
    }
    if (performance.now() > deadline) break
    await sleep(20)
  }
  await end(running, 'SIGQUIT')
  return undefined
}

/**
 * A shell that kills the server and deletes its data when this process ends. It sees the end of a pipe, even if this
 * process is killed.
 */
function watch(pid: number, dataDir: string): ChildProcess {
  const script = `read _; kill -9 ${pid}; sleep 1; rm -rf '${join(dataDir, '..')}'`
  const watchdog = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] })
  watchdog.unref()
  // In Node a pipe is a socket and has `unref`, but its type does not say so.
  if (watchdog.stdin !== null && 'unref' in watchdog.stdin) (watchdog.stdin as unknown as { unref(): void }).unref()
  return watchdog
}

async function end({ child, watchdog }: Running, how: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  watchdog.kill('SIGKILL')
  if (hasEnded(child)) return
  child.ref()
  const ended = once(child, 'exit')
  child.kill(how)
  await ended
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has ended meanwhile.
  }
}

/** Whether the server with these data answers on the port. If the port was in use, another server would answer. */
async function answers(port: number, dataDir: string): Promise<boolean> {
  try {
    const [row] = await ask(port, 'SHOW data_directory')
    return row?.data_directory === dataDir
  } catch {
    return false
  }
}

async function ask(port: number, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    database: SUPERUSER,
    connectionTimeoutMillis: 2_000
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query(text)
    return rows
  } finally {
    await client.end()
  }
}
