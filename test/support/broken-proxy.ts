import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { commandName, messages } from './resp.ts'
import { waitUntil } from './wait-until.ts'

/** What happens to a command and to its connection. */
export type Fault =
  /** The server does not get the command. The proxy answers with these bytes. */
  | { readonly kind: 'answer'; readonly bytes: string }
  /** The same as `answer`, but afterwards the connection hangs. */
  | { readonly kind: 'answer, then hang'; readonly bytes: string }
  /** The server runs the command, and the client gets half of the answer. */
  | { readonly kind: 'half an answer'; readonly by: 'RST' | 'FIN' }
  /** The server runs the command, and the connection is closed before the answer. */
  | { readonly kind: 'done, but no answer' }
  /** The server does not get the command, and no answer comes. The connection stays open. */
  | { readonly kind: 'hang' }

const COMMANDS = {
  reads: ['GET', 'GETEX'],
  writes: ['SET', 'DEL', 'PEXPIRE', 'EVAL', 'EVALSHA']
} as const

export interface BrokenProxy {
  readonly port: number
  /** From now on this fault happens to each command of this kind. */
  break(fault: Fault, commands: keyof typeof COMMANDS): void
  /** From now on the existing connections get no more answers. New connections work. */
  vanish(): void
  /** Ends the fault and closes the connections that hang. Resolves when their clients have connected again. */
  mend(): Promise<void>
  stop(): Promise<void>
}

/** Starts a proxy in front of a Redis on 127.0.0.1. It forwards everything until a test breaks it. */
export async function startBrokenProxy(redisPort: number): Promise<BrokenProxy> {
  const sockets = new Set<Socket>()
  const hanging = new Set<Socket>()
  let vanished = new Set<Socket>()
  let accepted = 0
  let broken: { fault: Fault; commands: readonly string[] } | undefined

  const hang = async (client: Socket) => {
    hanging.add(client)
    await once(client, 'close')
    hanging.delete(client)
  }

  const faultFor = (client: Socket, command: Buffer): Fault | undefined => {
    if (vanished.has(client)) return { kind: 'hang' }
    return broken?.commands.includes(commandName(command)) ? broken.fault : undefined
  }

  /** Forwards one command at a time, so that an answer always belongs to the command that was read last. */
  const serve = async (client: Socket, upstream: Socket) => {
    const answers = messages(upstream)
    const askServer = async (command: Buffer) => {
      upstream.write(command)
      const { value } = await answers.next()
      if (value === undefined) throw new Error('the server has gone')
      return value
    }
    for await (const command of messages(client)) {
      const fault = faultFor(client, command)
      switch (fault?.kind) {
        case undefined:
          client.write(await askServer(command))
          break
        case 'answer':
          client.write(fault.bytes, 'latin1')
          break
        case 'answer, then hang':
          client.write(fault.bytes, 'latin1')
          await hang(client)
          break
        case 'half an answer': {
          const answer = await askServer(command)
          await new Promise((sent) => client.write(answer.subarray(0, Math.ceil(answer.length / 2)), sent))
          if (fault.by === 'RST') client.resetAndDestroy()
          else client.end()
          return
        }
        case 'done, but no answer':
          await askServer(command)
          return
        case 'hang':
          await hang(client)
      }
    }
  }

  const server = createServer({ noDelay: true }, async (client) => {
    accepted++
    const upstream = connect({ port: redisPort, host: '127.0.0.1', noDelay: true })
    const pair = [client, upstream]
    for (const socket of pair) {
      sockets.add(socket)
      // An error also ends the loop that reads from the socket.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        for (const one of pair) one.destroy()
      })
    }
    await serve(client, upstream).catch(() => undefined)
    for (const socket of pair) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    break(fault, commands) {
      broken = { fault, commands: COMMANDS[commands] }
    },
    vanish() {
      vanished = new Set(sockets)
    },
    async mend() {
      broken = undefined
      const expected = accepted + hanging.size
      for (const socket of hanging) socket.destroy()
      await waitUntil('clients that come back', () => accepted >= expected)
    },
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    }
  }
}
