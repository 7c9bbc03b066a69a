// Compiled, not run: sessions of an application that has declared its data. An augmentation holds for a whole program,
// so this one is apart from the others.
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

// @ts-expect-error not text
session.user = 1
// @ts-expect-error no such key
session.usr = 'ada'
// @ts-expect-error no such key
session.visits
// @ts-expect-error a key that is always there
delete session.cart
// @ts-expect-error a member is not data
session.id = 'ada'
// @ts-expect-error the session is the plugin's
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
  // @ts-expect-error this call's data have no user
  return other.user
})
