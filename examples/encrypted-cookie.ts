// Everything in the cookie, and nobody can read it. Keys are lists, newest first: the first encrypts and signs, all are
// tried for reading. To rotate, put a new key in front, as in SESSION_KEY=new,old; once the lifetime has passed, the old
// one can go.
//
//   SESSION_KEY=$(openssl rand -base64 32) SESSION_SECRET=$(openssl rand -base64 32) \
//     node --import=ts-blank-space/register examples/encrypted-cookie.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { AESGCMEncryptor, CookieStore } from 'fastify-starsessions'

/** `new,old` → `['new', 'old']`. What is missing stays missing, and is refused by name when the plugin is made. */
const list = (variable: string | undefined): (string | undefined)[] => variable?.split(',') ?? [undefined]

export async function build({ keys = list(process.env.SESSION_KEY), secrets = list(process.env.SESSION_SECRET) } = {}) {
  const app = Fastify()
  await app.register(starsessions, {
    store: new CookieStore({ secretKey: secrets }),
    encryptor: new AESGCMEncryptor(keys),
    lifetime: { days: 14 },
    // Not only Secure: this example is also for plain http.
    cookie: { secure: 'auto' }
  })

  app.put<{ Params: { note: string } }>('/notes/:note', async (request) => {
    const session = await request.loadSession()
    // A change writes the whole session: with the newest keys, whichever it was read with.
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
