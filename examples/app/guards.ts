import type { FastifyReply, FastifyRequest } from 'fastify'
import { page } from './page.ts'
import type { Role } from './users.ts'

/** Sends everybody to the login who is not logged in. */
export async function members(request: FastifyRequest, reply: FastifyReply) {
  if (request.user !== undefined) return
  request.flash('error', 'Please log in.')
  return reply.redirect('/login', 303)
}

export const only = (role: Role) => async (request: FastifyRequest, reply: FastifyReply) => {
  if (request.user === undefined) return members(request, reply)
  if (request.user.role !== role) return page(reply.code(403), 'Not for you', `<p>This is for an ${role}.</p>`)
}

/**
 * Asks for the password again if that was more than five minutes ago.
 * @param returnTo the page that the user sees afterwards
 */
export const fresh = (returnTo: string) => async (request: FastifyRequest, reply: FastifyReply) => {
  if (request.session.isFresh({ minutes: 5 })) return
  request.session.returnTo = returnTo
  return reply.redirect('/confirm', 303)
}
