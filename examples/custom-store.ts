// A store of your own needs three methods: read, write and remove. This one keeps each session in a file.
//
//   node --import=ts-blank-space/register examples/custom-store.ts

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import starsessions, { type SessionStore } from 'fastify-starsessions'

const DAY = 24 * 60 * 60

/**
 * The modification time of a file says when its session expires. This store does not delete expired files.
 * Delete them with a timer, or with `find <folder> -type f -not -newermt now -delete`.
 */
export class FileStore implements SessionStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(sessionId: string): Promise<Uint8Array | null> {
    try {
      const file = this.#fileOf(sessionId)
      const { mtimeMs } = await stat(file)
      return mtimeMs > Date.now() ? await readFile(file) : null
    } catch (error) {
      // ENOENT: there is no such session. Any other error means that the store is broken. The request is then answered
      // with 503, and nobody is logged out.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async write(sessionId: string, data: Uint8Array, lifetime: number, ttl: number): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const file = this.#fileOf(sessionId)
    const draft = `${file}.${randomUUID()}`
    await writeFile(draft, data, { mode: 0o600 })
    // A lifetime of 0 means "until the browser closes". A store cannot know when that is, so it picks a limit of its own.
    const seconds = lifetime === 0 ? Math.min(ttl || DAY, DAY) : ttl
    await utimes(draft, Date.now() / 1000, Date.now() / 1000 + seconds)
    // Renaming replaces the file in one step, so that nobody reads half a session.
    await rename(draft, file)
    return sessionId
  }

  async remove(sessionId: string): Promise<void> {
    await rm(this.#fileOf(sessionId), { force: true })
  }

  /** Hashes the id: it comes from a cookie and must not choose a path. A listing of the folder then shows no ids. */
  #fileOf(sessionId: string): string {
    return join(this.#folder, createHash('sha256').update(sessionId).digest('hex'))
  }
}

export async function build({ folder = join(tmpdir(), 'starsessions-example') } = {}) {
  const app = Fastify()
  // 'auto' makes the cookie Secure over https only, so that this example also works over plain http.
  await app.register(starsessions, { store: new FileStore(folder), lifetime: { days: 1 }, cookie: { secure: 'auto' } })

  app.get('/', async (request) => {
    const session = await request.loadSession()
    session.visits = (session.visits ?? 0) + 1
    return { visits: session.visits }
  })

  app.post('/logout', async (request) => {
    const session = await request.loadSession()
    await session.destroy()
    return { visits: 0 }
  })

  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build()
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
