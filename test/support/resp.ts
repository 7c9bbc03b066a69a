import type { Socket } from 'node:net'

const LINE_END = '\r\n'
const BULK = '$=!'
const LISTS: Record<string, number> = { '*': 1, '~': 1, '>': 1, '%': 2 }

/** Splits the bytes from a connection into messages of the Redis protocol (RESP 2 and 3): commands or replies. */
export async function* messages(socket: Socket): AsyncGenerator<Buffer, void> {
  let held = Buffer.alloc(0)
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk as Buffer])
    for (let end = endOfMessage(held); end !== undefined; end = endOfMessage(held)) {
      yield held.subarray(0, end)
      held = held.subarray(end)
    }
  }
}

/** The name of a command, in upper case. */
export function commandName(command: Buffer): string {
  return String(command.toString('latin1').split(LINE_END)[2]).toUpperCase()
}

/** @returns the position after the message, or `undefined` if the message is not complete */
function endOfMessage(data: Buffer, at = 0): number | undefined {
  const lineEnd = data.indexOf(LINE_END, at)
  if (lineEnd === -1) return undefined
  const type = String.fromCharCode(data[at]!)
  const count = Number(data.toString('latin1', at + 1, lineEnd))
  let end: number | undefined = lineEnd + LINE_END.length
  if (BULK.includes(type)) {
    if (count >= 0) end += count + LINE_END.length
    return end <= data.length ? end : undefined
  }
  for (let left = count * (LISTS[type] ?? 0); left > 0 && end !== undefined; left--) end = endOfMessage(data, end)
  return end
}
