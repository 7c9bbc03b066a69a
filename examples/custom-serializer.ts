// A serializer of your own. MessagePack can store Maps, Sets and bytes; the default serializer, JSON, refuses them.
//
//   node --import=ts-blank-space/register examples/custom-serializer.ts

import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { type Serializer } from 'fastify-starsessions'
import { Packr } from 'msgpackr'

const packr = new Packr({
  // Each record describes itself, so that other programs can read it. Equal data always give equal bytes.
  useRecords: false,
  moreTypes: true,
  // A serializer must throw for a value that it cannot store. It must never drop the value in silence.
  writeFunction() {
    throw new TypeError('a function cannot be kept')
  }
})

const msgpack: Serializer = {
  serialize: (data) => packr.pack(data),
  // When the bytes cannot be read, this throws, and the request begins a new session.
  deserialize: (data) => packr.unpack(data)
}

interface Tags {
  since?: Date
  tags?: Set<string>
}

export async function build() {
  const app = Fastify()
  // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
  await app.register(starsessions, { serializer: msgpack, lifetime: { hours: 1 }, cookie: { secure: 'auto' } })

  app.post<{ Params: { tag: string } }>('/tags/:tag', async (request) => {
    const session = await request.loadSession<Tags>()
    session.since ??= new Date()
    session.tags ??= new Set()
    // A change inside a Set is found and saved as well.
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
