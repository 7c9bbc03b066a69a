import { Readable } from 'node:stream'
import t from 'tap'
import { discard, isResponse, isStream, withHeader } from '../../../lib/fastify/sending/payload.ts'

t.test('a web Response is distinguished from everything else', async (t) => {
  t.equal(isResponse(new Response('x')), true)
  for (const payload of [null, undefined, 'x', Buffer.from('x'), Readable.from(['x']), {}]) {
    t.equal(isResponse(payload), false)
  }
})

t.test('payloads that continue after the headers are distinguished from text and bytes', async (t) => {
  for (const payload of [Readable.from(['x']), new ReadableStream(), new Response('x')])
    t.equal(isStream(payload), true)
  for (const payload of [null, undefined, '', 'x', Buffer.from('x'), new Uint8Array()])
    t.equal(isStream(payload), false)
})

t.test('a header is set on the Response itself, or on a copy if its headers are immutable', async (t) => {
  const own = new Response('x')
  t.equal(withHeader(own, 'vary', 'Cookie'), own)
  t.equal(own.headers.get('vary'), 'Cookie')
  const immutable = await fetch('data:text/plain,hello')
  const copy = withHeader(immutable, 'vary', 'Cookie')
  t.not(copy, immutable)
  t.equal(copy.headers.get('vary'), 'Cookie')
  t.equal(copy.status, 200)
  t.equal(await copy.text(), 'hello')
})

t.test('a stream that is not sent is ended, and any other payload is left alone', async (t) => {
  const node = new Readable({ read() {} })
  discard(node)
  t.equal(node.destroyed, true)
  let cancelled = 0
  const web = () => new ReadableStream({ cancel: () => void cancelled++ })
  discard(web())
  discard(new Response(web()))
  t.equal(cancelled, 2)
  const locked = web()
  locked.getReader()
  discard(locked)
  for (const payload of [undefined, null, 'x', Buffer.from('x'), new Response(null)]) discard(payload)
})
