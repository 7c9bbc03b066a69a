// Declare once which data your sessions hold, and TypeScript knows them in the whole application.
//
//   node --import=ts-blank-space/register examples/typed/typed-session.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions from 'fastify-starsessions'

declare module 'fastify-starsessions' {
  interface SessionData {
    user?: { name: string; admin: boolean }
    cart?: { article: string; pieces: number }[]
  }
}

export async function build() {
  const app = Fastify()
  // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
  await app.register(starsessions, { autoload: true, lifetime: { days: 1 }, cookie: { secure: 'auto' } })

  app.post<{ Params: { article: string } }>('/cart/:article', async (request) => {
    const { session, params } = request
    session.cart ??= []
    const line = session.cart.find(({ article }) => article === params.article)
    if (line === undefined) session.cart.push({ article: params.article, pieces: 1 })
    else line.pieces++
    return session.cart
  })

  app.get('/', async ({ session }) => {
    // Neither of these two lines compiles: `session.user` may be missing, and `session.basket` is not declared.
    // @ts-expect-error
    const name = () => session.user.name
    // @ts-expect-error
    const basket = () => session.basket
    void [name, basket]

    return {
      user: session.user?.name ?? null,
      pieces: (session.cart ?? []).reduce((sum, line) => sum + line.pieces, 0)
    }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
