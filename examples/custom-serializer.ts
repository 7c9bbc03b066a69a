// A serializer of your own: MessagePack, which keeps Maps, Sets and bytes as what they are. JSON would refuse them.
//
//   node --import=ts-blank-space/register examples/custom-serializer.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { type Serializer } from 'fastify-starsessions'
import { Packr } from 'msgpackr'

const packr = new Packr({
  // Self-contained records: other programs can read them, and equal data are equal bytes.
  useRecords: false,
  moreTypes: true,
  // What cannot be kept must fail. Dropping it in silence is the one thing that a serializer must not do.
  writeFunction() {
    throw new TypeError('a function cannot be kept')
  }
})

const msgpack: Serializer = {
  serialize: (data) => packr.pack(data),
  // What this throws on bytes that it cannot read counts as "no session".
  deserialize: (data) => packr.unpack(data)
}

interface Tags {
  since?: Date
  tags?: Set<string>
}

export async function build() {
  const app = Fastify()
  // Not only Secure: this example is also for plain http.
  await app.register(starsessions, { serializer: msgpack, lifetime: { hours: 1 }, cookie: { secure: 'auto' } })

  app.post<{ Params: { tag: string } }>('/tags/:tag', async (request) => {
    const session = await request.loadSession<Tags>()
    session.since ??= new Date()
    session.tags ??= new Set()
    // A nested change, inside a Set: it is found and saved.
    session.tags.add(request.params.tag)
    return { tags: [...session.tags] }
  })

  app.get('/tags', async (request) => {
    const session = await request.loadSession<Tags>()
    return { year: session.since?.getFullYear() ?? null, tags: [...(session.tags ?? [])] }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
