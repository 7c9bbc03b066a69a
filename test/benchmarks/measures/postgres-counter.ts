import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'

/** What went over all connections since the last reset. */
export interface PostgresCounts {
  /** How often a client sent something and waited for the answer. */
  readonly roundTrips: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** The server ends each answer with this message. */
const READY_FOR_QUERY = 'Z'.charCodeAt(0)
/** A message is one byte for its type, its length in four bytes, and a body. The length counts itself. */
const HEAD = 5

/** Counts the complete answers in what a server sends. A message may arrive in several chunks. */
export class AnswerCounter {
  #rest = Buffer.alloc(0)

  /** @returns how many answers end in this chunk */
  count(chunk: Uint8Array): number {
    const bytes = Buffer.concat([this.#rest, chunk])
    let answers = 0
    let at = 0
    while (at + HEAD <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1)
      if (end > bytes.length) break
      if (bytes[at] === READY_FOR_QUERY) answers++
      at = end
    }
    this.#rest = bytes.subarray(at)
    return answers
  }
}

/** Stands between clients and PostgreSQL, because PostgreSQL itself does not count round trips. */
export class PostgresCounter {
  readonly #server: Server
  #roundTrips = 0
  #bytesIn = 0
  #bytesOut = 0

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1')
      const answers = new AnswerCounter()
      client.on('data', (chunk) => {
        this.#bytesIn += chunk.length
        server.write(chunk)
      })
      server.on('data', (chunk: Buffer) => {
        this.#bytesOut += chunk.length
        this.#roundTrips += answers.count(chunk)
        client.write(chunk)
      })
      for (const [one, other] of [
        [client, server],
        [server, client]
      ] as const) {
        // 'close' follows each error.
        one.on('error', () => undefined)
        one.on('close', () => other.destroy())
      }
    })
  }

  /** @param target the port of PostgreSQL on 127.0.0.1 */
  static async start(target: number): Promise<PostgresCounter> {
    const counter = new PostgresCounter(target)
    counter.#server.listen(0, '127.0.0.1')
    await once(counter.#server, 'listening')
    return counter
  }

  /** For clients, instead of PostgreSQL's own port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** @returns the counts since the last call, and starts again at zero */
  take(): PostgresCounts {
    const counts = { roundTrips: this.#roundTrips, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut }
    this.#roundTrips = 0
    this.#bytesIn = 0
    this.#bytesOut = 0
    return counts
  }

  /** Resolves when all clients have closed their connections. */
  async stop(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }
}
