import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { isResponse } from './payload.ts'

const BEGINNINGS = ['readable', 'end', 'error', 'close'] as const

/** A stream that is to be sent. Its headers go out with the first chunk. */
export interface FirstChunk {
  /** The payload to send instead of the stream. */
  readonly payload: unknown
  /** There is nothing to wait for any more. */
  readonly isOver: boolean
  /** Resolves when there is a chunk, or when none can come any more, or when the client has gone. */
  readonly over: Promise<void>
  /** Ends the wait, and resolves `over`. */
  stopWaiting(): void
}

/**
 * @param connection emits `close` when the client has gone
 * @returns `null` if nobody can tell when the payload begins, because it is an old-style stream without `readableFlowing`
 */
export function firstChunkOf(payload: unknown, connection: EventEmitter): FirstChunk | null {
  if (isResponse(payload)) {
    const { body, status, statusText, headers } = payload
    if (body === null || body.locked) return new Chunk(payload, connection).stopWaiting()
    const chunk = ofWebStream(body, connection)
    chunk.payload = new Response(chunk.payload as ReadableStream, { status, statusText, headers })
    return chunk
  }
  if (isWebStream(payload)) {
    return payload.locked ? new Chunk(payload, connection).stopWaiting() : ofWebStream(payload, connection)
  }
  return isReadable(payload) ? ofReadable(payload, connection) : null
}

class Chunk implements FirstChunk {
  payload: unknown
  isOver = false
  readonly over: Promise<void>
  readonly stopWaiting: () => this

  constructor(payload: unknown, connection: EventEmitter, stream?: Readable) {
    this.payload = payload
    let resolve: () => void
    this.over = new Promise((resolved) => {
      resolve = resolved
    })
    this.stopWaiting = () => {
      this.isOver = true
      connection.off('close', this.stopWaiting)
      for (const event of BEGINNINGS) stream?.off(event, this.stopWaiting)
      resolve()
      return this
    }
    connection.on('close', this.stopWaiting)
    // Listening makes the stream fetch its first chunk, without reading it. Without listeners, the stream can flow again.
    for (const event of BEGINNINGS) stream?.on(event, this.stopWaiting)
    // If another registration has listened before, only this call makes an empty stream emit `end`.
    stream?.read(0)
  }
}

function ofReadable(stream: Readable, connection: EventEmitter): Chunk {
  // If the stream flows, somebody else reads it already.
  const isRead = stream.readableFlowing === true || stream.readableEnded
  return isRead || stream.destroyed || stream.readableLength > 0
    ? new Chunk(stream, connection).stopWaiting()
    : new Chunk(stream, connection, stream)
}

/** Only reading shows that a web stream has a first chunk. So another stream passes on that chunk and the rest. */
function ofWebStream(stream: ReadableStream, connection: EventEmitter): Chunk {
  const reader = stream.getReader()
  let first: ReturnType<typeof reader.read> | undefined = reader.read()
  const pull = async (controller: ReadableStreamDefaultController) => {
    const { done, value } = await (first ?? reader.read())
    first = undefined
    if (done) controller.close()
    else controller.enqueue(value)
  }
  const cancel = (reason: unknown) => reader.cancel(reason)
  const chunk = new Chunk(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }), connection)
  // If the stream fails, the other stream throws the same error to its reader.
  first.then(chunk.stopWaiting, chunk.stopWaiting)
  return chunk
}

const isWebStream = (payload: unknown): payload is ReadableStream =>
  typeof payload === 'object' && payload !== null && 'getReader' in payload

/** An old-style stream does not count, because only a listener of that moment gets a chunk. */
const isReadable = (payload: unknown): payload is Readable =>
  typeof payload === 'object' && payload !== null && 'readableFlowing' in payload
