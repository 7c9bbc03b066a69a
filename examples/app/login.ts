import type { FastifyInstance } from 'fastify'
import type { EndReason } from 'fastify-starsessions'
import { deviceOf } from './device.ts'
import { members } from './guards.ts'
import { bodyOf, escapeHtml, form, page, text } from './page.ts'
import type { Users } from './users.ts'

// What the login page says when the session of an open page has ended.
const ENDED = new Map<string | undefined, string>([
  ['logout', 'You have logged out.'],
  ['ended', 'This session was ended, by you on another device or by an administrator.'],
  ['evicted', 'This session has ended, because you have logged in on too many devices.'],
  ['expired', 'This session has ended, because its time is over.']
] satisfies [EndReason, string][])

const PASSWORD = `<label>Password <input name="password" type="password" required maxlength="1000" autocomplete="current-password"></label>`

export async function login(app: FastifyInstance, { users, hint = '' }: { users: Users; hint?: string | undefined }) {
  app.get<{ Querystring: { ended?: string } }>('/login', async ({ query, user }, reply) => {
    if (user !== undefined) return reply.redirect('/', 303)
    const fields = `<label>Name <input name="name" required maxlength="100" autocomplete="username" autofocus></label>
      ${PASSWORD}
      <label class="check"><input type="checkbox" name="remember"> Remember me on this device</label>`
    return page(
      reply,
      'Log in',
      `${form(reply, '/login', fields, 'Log in', 'card')}
      ${hint === '' ? '' : `<p class="hint">${escapeHtml(hint)}</p>`}`,
      ENDED.get(query.ended)
    )
  })

  const credentials = bodyOf({ name: text(100), password: text(1000) })
  app.post<{ Body: { name: string; password: string; remember?: string } }>(
    '/login',
    { schema: credentials },
    async (request, reply) => {
      // Before the password is checked: if somebody ends all sessions in between, this login is refused.
      const authenticatedAt = new Date()
      const { name, password, remember } = request.body
      const user = await users.login(name, password)
      if (user === undefined) {
        request.flash('error', 'Wrong name or password.')
        return reply.redirect('/login', 303)
      }
      const { session } = request
      // Begin a new session before writing to it. An attacker may have planted the old one, and would know its id and
      // its CSRF secret.
      await session.regenerate()
      session.bindTo(user.name, { authenticatedAt, label: deviceOf(request) })
      // Without "remember me", the cookie ends with the browser, and the session after 15 minutes without a request.
      if (remember === undefined) session.options({ lifetime: { minutes: 15 }, maxAge: null })
      request.flash('info', 'Welcome.')
      return reply.redirect('/', 303)
    }
  )

  app.post('/logout', async ({ session }, reply) => {
    // This ends the session at once, even if other requests of the session are still running. A flash message here
    // would begin a new session.
    await session.destroy()
    return reply.redirect('/', 303)
  })

  app.get('/confirm', { preHandler: members }, async (_, reply) =>
    page(
      reply,
      'Is it you?',
      `<p class="lead">You logged in some time ago. Enter your password again, and then end the session.</p>
      ${form(reply, '/confirm', PASSWORD, 'Continue', 'card')}`
    )
  )

  const password = { schema: bodyOf({ password: text(1000) }), preHandler: members }
  app.post<{ Body: { password: string } }>('/confirm', password, async (request, reply) => {
    const authenticatedAt = new Date()
    const { session, body } = request
    const user = await users.login(session.userId ?? '', body.password)
    if (user === undefined) {
      request.flash('error', 'Wrong password.')
      return reply.redirect('/confirm', 303)
    }
    const { returnTo = '/' } = session
    delete session.returnTo
    session.bindTo(user.name, { authenticatedAt })
    request.flash('info', 'Thank you. You can end sessions for five minutes.')
    return reply.redirect(returnTo, 303)
  })
}
