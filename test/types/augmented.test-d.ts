// Compiled, not run. Shows the sessions of an application that declares its SessionData. Such a declaration holds for a
// whole program, so this file is a program of its own.
import Fastify, { type FastifyRequest } from 'fastify'
import starsessions, { type DefaultData, type Session, type SessionData } from 'fastify-starsessions'

declare module 'fastify-starsessions' {
  interface SessionData {
    user?: string
    cart: { items: string[] }
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(_: Equal<A, B>): void

declare const request: FastifyRequest
const { session } = request

same<DefaultData, SessionData>(true)
same<typeof session, Session>(true)
same<Session, Session<SessionData>>(true)
same<typeof session.user, string | undefined>(true)
same<typeof session.cart, { items: string[] }>(true)
same<ReturnType<Session['data']>, SessionData>(true)

session.user = 'ada'
delete session.user
session.set('user', undefined)
session.regenerate(['cart'])
const user = session.get('user')
same<typeof user, string | undefined>(true)

// @ts-expect-error user is text
session.user = 1
// @ts-expect-error no such key
session.usr = 'ada'
// @ts-expect-error no such key
session.visits
// @ts-expect-error cart is not optional
delete session.cart
// @ts-expect-error a member of the session cannot be set like data
session.id = 'ada'
// @ts-expect-error request.session is read-only
request.session = session

const app = Fastify()
app.register(starsessions)
app.get('/', { config: { autoloadSession: true } }, async ({ session }) => {
  same<typeof session.user, string | undefined>(true)
  return session.user
})
app.get('/typed', async (request) => {
  const loaded = await request.loadSession()
  same<typeof loaded, Session>(true)
  const other = await request.loadSession<{ locale: string }>()
  same<typeof other.locale, string>(true)
  // @ts-expect-error the data type of this call has no key `user`
  return other.user
})
