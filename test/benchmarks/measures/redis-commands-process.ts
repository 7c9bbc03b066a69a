import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'

// Measures what one command costs a process with one Redis client, without our library.

/** The message of the parent. The answer is the CPU time of each command in microseconds, of all threads. */
export interface CommandRound {
  readonly commands: number
  readonly inFlight: number
}

const [name, port] = process.argv.slice(2)
const KEY = 'session:one'
/** As long as the record of a session of 200 bytes with its metadata. */
const RECORD = 'x'.repeat(308)

async function connect(): Promise<() => Promise<unknown>> {
  const address = { host: '127.0.0.1', port: Number(port) }
  if (name === 'node-redis') {
    const client = await createClient({ socket: address }).connect()
    await client.set(KEY, RECORD)
    return () => client.get(KEY)
  }
  const client = name === 'iovalkey' ? new Valkey(address) : new Redis(address)
  await client.set(KEY, RECORD)
  return () => client.get(KEY)
}

const read = await connect()

async function measure({ commands, inFlight }: CommandRound): Promise<number> {
  let left = commands
  const before = process.cpuUsage()
  const one = async () => {
    while (left-- > 0) await read()
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / commands
}

process.on('message', async (round: CommandRound) => process.send?.(await measure(round)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
