import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { only } from './guards.ts'
import { bodyOf, escapeHtml, form, page, text } from './page.ts'

/** The status with which a socket closes when its session has ended. live.js knows it, too. */
const SESSION_ENDED = 4001

/** A page of another site must not open a socket with the cookie of this one. */
async function sameOrigin({ headers, protocol, host }: FastifyRequest, reply: FastifyReply) {
  if (headers.origin !== `${protocol}://${host}`) return reply.code(403).send({ error: 'wrong origin' })
}

export async function notices(app: FastifyInstance) {
  await app.register(websocket)

  // The notice and the sockets are those of this process. In your application, the notice is in a database, and a
  // channel tells the other processes about it.
  let notice = 'Nothing new.'
  const sockets = new Set<{ send(text: string): void }>()

  // A visitor who is not logged in gets no form here, and so no token, no session and no cookie.
  app.get('/', async ({ user }, reply) => {
    if (user === undefined) {
      return page(
        reply,
        'Nobody is logged in',
        '<p class="lead">Members read the notice. <a href="/login">Log in</a></p>'
      )
    }
    const edit = user.role === 'editor' ? '<p><a href="/notice">Edit</a></p>' : ''
    const card = `<section class="card"><p id="notice" role="status">${escapeHtml(notice)}</p>${edit}</section>`
    return page(reply, `Hello, ${user.name}.`, card)
  })

  app.get('/notice', { preHandler: only('editor') }, async (_, reply) => {
    const fields = `<label>Notice <input name="text" required maxlength="1000" value="${escapeHtml(notice)}"></label>`
    return page(reply, 'Edit the notice', form(reply, '/notice', fields, 'Publish', 'card'))
  })

  const publish = { schema: bodyOf({ text: text(1000) }), preHandler: only('editor') }
  app.post<{ Body: { text: string } }>('/notice', publish, async (request, reply) => {
    notice = request.body.text
    for (const socket of sockets) socket.send(notice)
    request.flash('info', 'Published.')
    return reply.redirect('/', 303)
  })

  // An open page hears of a new notice, and of the end of its session.
  app.get('/live', { websocket: true, preValidation: sameOrigin }, (socket, { user, session }) => {
    if (user === undefined) return socket.close(SESSION_ENDED, 'ended')
    const { ended } = session
    const close = () => socket.close(SESSION_ENDED, ended.reason)
    if (ended.aborted) return close()
    ended.addEventListener('abort', close)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.send(notice)
  })
}
