import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pgbouncerPath } from './ensure-programs.ts'
import type { PostgresServer } from './postgres-server.ts'

const START_ATTEMPTS = 50

export interface PgBouncer {
  readonly connection: PostgresServer['connection']
  stop(): Promise<void>
}

/**
 * Starts PgBouncer in transaction mode in front of a server. Each statement may go to another of three connections, and
 * the connections know nothing of prepared statements.
 */
export async function startPgBouncer({ connection }: PostgresServer): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'starsessions-pgbouncer-'))
  const port = randomInt(50_000, 60_000)
  const file = join(folder, 'pgbouncer.ini')
  const { host, database, user } = connection
  await writeFile(
    file,
    `[databases]
    ${database} = host=${host} port=${connection.port} user=${user}
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = ${port}
    unix_socket_dir =
    auth_type = any
    pool_mode = transaction
    default_pool_size = 3
    ignore_startup_parameters = extra_float_digits
    ${knowsPreparedStatements() ? 'max_prepared_statements = 0' : ''}
    `
  )
  // PgBouncer refuses to run as root, and gives up root for another user.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(pgbouncerPath(), ['-q', ...asNobody, file], { cwd: tmpdir(), stdio: 'ignore' })
  child.unref()
  const bouncer = { ...connection, port }
  for (let attempt = 1; !(await answers(bouncer)); attempt++) {
    if (child.exitCode !== null || attempt === START_ATTEMPTS)
      throw new Error(`PgBouncer does not start on port ${port}`)
    await sleep(100)
  }
  return {
    connection: bouncer,
    async stop() {
      if (child.exitCode === null) {
        child.ref()
        const ended = once(child, 'exit')
        child.kill('SIGINT')
        await ended
      }
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** From 1.21 on, PgBouncer can follow prepared statements. Older versions refuse the setting that turns this off. */
function knowsPreparedStatements(): boolean {
  const { stdout } = spawnSync(pgbouncerPath(), ['--version'], { encoding: 'utf8' })
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  return Number(major) > 1 || Number(minor) >= 21
}

async function answers(connection: PostgresServer['connection']): Promise<boolean> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 1_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
