import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { RawHeaders } from '../../lib/fastify/raw-response.ts'
import type { SessionResponse } from '../../lib/fastify/response.ts'

const isOpen = (raw: object, headersSent = false): boolean => {
  const request = { raw: { headers: {}, ...raw } } as unknown as FastifyRequest
  const reply = { raw: { headersSent } } as unknown as FastifyReply
  return new RawHeaders({} as SessionResponse, request, reply).isOpen
}

t.test('it is open until the headers have gone out', async (t) => {
  t.equal(isOpen({}), true)
  t.equal(isOpen({}, true), false)
})

t.test('it is closed for a WebSocket handshake, whatever else asks for an upgrade', async (t) => {
  t.equal(isOpen({ upgrade: true }), false)
  t.equal(isOpen({ upgrade: null, headers: { upgrade: 'WebSocket' } }), false)
  t.equal(isOpen({ headers: { upgrade: 'h2c' } }), true)
  t.equal(
    isOpen({ upgrade: false, headers: { upgrade: 'websocket' } }),
    true,
    'Node has kept it: it is a plain request'
  )
})
