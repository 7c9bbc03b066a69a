import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ListedSession } from 'fastify-starsessions'
import { deviceIn } from './device.ts'
import { fresh, members } from './guards.ts'
import { bodyOf, escapeHtml, form, hidden, page, relative } from './page.ts'

export async function devices(app: FastifyInstance) {
  app.addHook('preHandler', members)

  app.get('/devices', async ({ session }, reply) => {
    const sessions = await app.sessionsOf(session.userId!).list()
    const items = sessions.map((one) => item(reply, one, one.handle === session.handle))
    const others = form(reply, '/devices/end-others', '', 'Log out all other devices')
    return page(
      reply,
      'Your devices',
      `<p class="lead">You are logged in here. Log out a device that you do not know.</p>
      <ul>${items.join('')}</ul>
      ${sessions.length > 1 ? others : ''}`
    )
  })

  const one = { schema: bodyOf({ handle: { type: 'string', pattern: '^[\\w-]{16}$' } }), preHandler: fresh('/devices') }
  app.post<{ Body: { handle: string } }>('/devices/end', one, async (request, reply) => {
    const isEnded = await app.sessionsOf(request.session.userId!).end(request.body.handle)
    request.flash('info', isEnded ? 'The device is logged out.' : 'The device was logged out already.')
    return reply.redirect('/devices', 303)
  })

  app.post('/devices/end-others', { preHandler: fresh('/devices') }, async (request, reply) => {
    const { userId, handle } = request.session
    const count = await app.sessionsOf(userId!).endAll({ except: handle })
    request.flash('info', count === 1 ? 'One device is logged out.' : `${count} devices are logged out.`)
    return reply.redirect('/devices', 303)
  })
}

function item(reply: FastifyReply, session: ListedSession, isThisOne: boolean): string {
  const { name } = deviceIn(session.label)
  // The session of this page ends with an ordinary logout, which also clears the cookie.
  const button = isThisOne
    ? form(reply, '/logout', '', 'Log out')
    : form(reply, '/devices/end', hidden('handle', session.handle), 'Log out', '', `Log out ${name}`)
  return `<li class="card row">${description(session, isThisOne)}${button}</li>`
}

export function description({ label, lastSeen, authenticatedAt, endsAt }: ListedSession, isThisOne = false): string {
  const { name, address } = deviceIn(label)
  const seen = isThisOne ? 'in use now' : `last seen ${relative(lastSeen ?? authenticatedAt)}`
  return `<div>
    <strong>${escapeHtml(name)}</strong> ${isThisOne ? '<span class="tag">This device</span>' : ''}
    <p class="hint">${escapeHtml(address)} · ${seen}</p>
    <p class="hint">Password entered ${relative(authenticatedAt)}, ends ${relative(endsAt)} at the latest</p>
  </div>`
}
