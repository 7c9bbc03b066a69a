// The cookie holds all session data, encrypted: the visitor can neither read nor change them. SESSION_KEY and
// SESSION_SECRET are lists, newest first. The first entry encrypts or signs; all entries are tried for reading. To
// rotate a key, put the new one in front, as in SESSION_KEY=new,old. Remove the old one when the lifetime has passed.
//
//   SESSION_KEY=$(openssl rand -base64 32) SESSION_SECRET=$(openssl rand -base64 32) \
//     node --import=ts-blank-space/register examples/encrypted-cookie.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { AESGCMEncryptor, CookieStore } from 'fastify-starsessions'

/** `new,old` → `['new', 'old']`. If the variable is not set, the constructor throws an error that names it. */
const list = (variable: string | undefined): (string | undefined)[] => variable?.split(',') ?? [undefined]

export async function build({ keys = list(process.env.SESSION_KEY), secrets = list(process.env.SESSION_SECRET) } = {}) {
  const app = Fastify()
  await app.register(starsessions, {
    store: new CookieStore({ secretKey: secrets }),
    encryptor: new AESGCMEncryptor(keys),
    lifetime: { days: 14 },
    // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
    cookie: { secure: 'auto' }
  })

  app.put<{ Params: { note: string } }>('/notes/:note', async (request) => {
    const session = await request.loadSession()
    // A change writes the whole session again, always with the newest keys.
    session.notes = [...(session.notes ?? []), request.params.note]
    return session.notes
  })

  app.get('/notes', async (request) => {
    const session = await request.loadSession()
    return session.notes ?? []
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
