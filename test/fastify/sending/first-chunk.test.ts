import { EventEmitter, once } from 'node:events'
import { PassThrough, type Readable, Stream } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { firstChunkOf } from '../../../lib/fastify/sending/first-chunk.ts'

const isOver = async (chunk: ReturnType<typeof firstChunkOf>) => {
  await turn()
  await turn()
  return chunk?.isOver
}
const text = async (stream: unknown) => Buffer.concat(await (stream as Readable).map((it) => Buffer.from(it)).toArray())

t.test('the wait for a stream ends with its first chunk, and the stream flows afterwards', async (t) => {
  const connection = new EventEmitter()
  const stream = new PassThrough()
  const chunk = firstChunkOf(stream, connection)!
  t.equal(chunk.payload, stream)
  t.equal(await isOver(chunk), false)
  stream.write('a')
  await chunk.over
  t.equal(chunk.isOver, true)
  t.equal(connection.listenerCount('close'), 0)
  for (const event of ['readable', 'end', 'error'])
    t.equal(stream.listenerCount(event), new PassThrough().listenerCount(event))
  const piped = stream.pipe(new PassThrough())
  stream.end('b')
  t.equal(String(await text(piped)), 'ab')
})

t.test('a stream flows even if the wait was cancelled before its first chunk', async (t) => {
  const stream = new PassThrough()
  firstChunkOf(stream, new EventEmitter())!.stopWaiting()
  const piped = stream.pipe(new PassThrough())
  stream.end('ab')
  t.equal(String(await text(piped)), 'ab')
})

t.test('the wait ends when the stream ends or fails, or the client has gone', async (t) => {
  const ends: ((stream: PassThrough, connection: EventEmitter) => unknown)[] = [
    (stream) => stream.end(),
    (stream) => stream.destroy(),
    (stream) => stream.on('error', () => undefined).destroy(new Error('broken')),
    (_, connection) => connection.emit('close')
  ]
  for (const end of ends) {
    const stream = new PassThrough()
    const connection = new EventEmitter()
    const chunk = firstChunkOf(stream, connection)!
    end(stream, connection)
    await chunk.over
    t.equal(connection.listenerCount('close'), 0)
  }
})

t.test('two registrations can wait for one stream, one after the other', async (t) => {
  for (const text of ['', 'ab']) {
    const stream = new PassThrough()
    const first = firstChunkOf(stream, new EventEmitter())!
    turn().then(() => stream.end(text))
    await first.over
    const second = firstChunkOf(stream, new EventEmitter())!
    t.equal(await isOver(second), true)
    const piped = stream.pipe(new PassThrough())
    t.equal(String(Buffer.concat(await piped.toArray())), text)
  }
})

t.test('there is no wait for a stream that has started, has ended, was destroyed, or has another reader', async (t) => {
  const flowing = new PassThrough()
  flowing.resume()
  const begun = new PassThrough()
  begun.write('a')
  begun.read(0)
  const destroyed = new PassThrough()
  destroyed.destroy()
  const ended = new PassThrough({ autoDestroy: false, emitClose: false })
  ended.on('readable', () => ended.read()).end()
  await once(ended, 'end')
  for (const stream of [flowing, begun, destroyed, ended, new Response(null)]) {
    t.equal(firstChunkOf(stream, new EventEmitter())?.isOver, true)
  }
})

t.test('a web stream is passed on together with the chunk that was read', async (t) => {
  for (const wrap of [(it: ReadableStream) => it, (it: ReadableStream) => new Response(it, { status: 201 })]) {
    let controller!: ReadableStreamDefaultController
    let cancelled: unknown
    const stream = new ReadableStream({
      start: (it) => void (controller = it),
      cancel: (reason) => void (cancelled = reason)
    })
    const chunk = firstChunkOf(wrap(stream), new EventEmitter())!
    t.equal(await isOver(chunk), false)
    controller.enqueue(new TextEncoder().encode('a'))
    await chunk.over
    controller.enqueue(new TextEncoder().encode('b'))
    const handed = chunk.payload as ReadableStream | Response
    if (handed instanceof Response) t.equal(handed.status, 201)
    const body = handed instanceof Response ? handed.body! : handed
    const reader = body.getReader()
    t.equal(new TextDecoder().decode((await reader.read()).value), 'a')
    t.equal(new TextDecoder().decode((await reader.read()).value), 'b')
    await reader.cancel('enough')
    t.equal(cancelled, 'enough')
  }
})

t.test('a web stream that ends or fails at once also does so after it is passed on', async (t) => {
  const empty = firstChunkOf(new ReadableStream({ start: (it) => it.close() }), new EventEmitter())!
  await empty.over
  t.match(await (empty.payload as ReadableStream).getReader().read(), { done: true })
  const broken = firstChunkOf(new ReadableStream({ start: (it) => it.error(new Error('broken')) }), new EventEmitter())!
  await broken.over
  await t.rejects((broken.payload as ReadableStream).getReader().read(), { message: 'broken' })
})

t.test('a web stream with another reader is left alone, and other payloads have no first chunk', async (t) => {
  const locked = new ReadableStream()
  locked.getReader()
  for (const payload of [locked, new Response(locked.locked ? null : locked)]) {
    const chunk = firstChunkOf(payload, new EventEmitter())
    t.equal(chunk?.payload, payload)
    t.equal(chunk?.isOver, true)
  }
  const response = new Response('text')
  response.body?.getReader()
  t.equal(firstChunkOf(response, new EventEmitter())?.payload, response)
  for (const payload of [new Stream(), {}, null]) t.equal(firstChunkOf(payload, new EventEmitter()), null)
})
