import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { isUpgrade, problemOf } from '../../lib/fastify/raw-response.ts'

t.test('a WebSocket handshake takes no headers, but other upgrades do', async (t) => {
  const cases: [object, boolean][] = [
    [{}, false],
    [{ upgrade: true }, true],
    [{ upgrade: null, headers: { upgrade: 'WebSocket' } }, true],
    [{ headers: { upgrade: 'h2c' } }, false],
    // With `upgrade: false`, Node handles the request like any other.
    [{ upgrade: false, headers: { upgrade: 'websocket' } }, false]
  ]
  for (const [raw, expected] of cases) {
    t.equal(isUpgrade({ raw: { headers: {}, ...raw } } as unknown as FastifyRequest), expected, JSON.stringify(raw))
  }
})

t.test('a cookie has no problem before the headers go out, whatever they are now', async (t) => {
  const raw = { headersSent: false, getHeader: () => undefined }
  t.equal(problemOf({ raw } as unknown as FastifyReply, 'session=a'), undefined)
  t.match(problemOf({ raw: { ...raw, headersSent: true } } as unknown as FastifyReply, 'session=a'), /removed it/)
})
