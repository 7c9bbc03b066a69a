import type { FastifyInstance } from 'fastify'
import { description } from './devices.ts'
import { fresh, only } from './guards.ts'
import { bodyOf, escapeHtml, form, hidden, page, text } from './page.ts'
import type { Users } from './users.ts'

export async function administration(app: FastifyInstance, { users }: { users: Users }) {
  app.addHook('preHandler', only('administrator'))

  app.get('/users', async ({ session }, reply) => {
    const items = users.all().map(async ({ name, role }) => {
      const sessions = await app.sessionsOf(name).list()
      // An administrator ends their other sessions here, and this one with an ordinary logout.
      const others = sessions.filter(({ handle }) => handle !== session.handle)
      const button = form(reply, '/users/end', hidden('name', name), 'End all', '', `End all sessions of ${name}`)
      return `<li class="card">
        <div class="row"><h2>${escapeHtml(name)} <small>${role}</small></h2>${others.length > 0 ? button : ''}</div>
        ${sessions.map((one) => description(one, one.handle === session.handle)).join('') || '<p class="hint">Not logged in</p>'}
      </li>`
    })
    return page(reply, 'Users', `<ul>${(await Promise.all(items)).join('')}</ul>`)
  })

  const user = { schema: bodyOf({ name: text(100) }), preHandler: fresh('/users') }
  app.post<{ Body: { name: string } }>('/users/end', user, async (request, reply) => {
    const { name } = request.body
    if (users.find(name) === undefined) return page(reply.code(404), 'Users', '<p>There is no such user.</p>')
    // The handle of this session is in no list of another user, so `except` only matters for the administrator.
    const count = await app.sessionsOf(name).endAll({ except: request.session.handle })
    request.flash('info', `${count === 1 ? 'One session' : `${count} sessions`} of ${name} ended.`)
    return reply.redirect('/users', 303)
  })
}
