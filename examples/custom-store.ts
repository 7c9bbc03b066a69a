// A store of your own needs three methods. This one keeps each session in a file.
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
 * A file's modification time is when its session expires. Nothing here deletes what has expired: that is for a timer,
 * or for `find <folder> -type f -not -newermt now -delete`.
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
      // No such session is an answer. Any other error says that the store is broken: nobody is logged out by that.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async write(sessionId: string, data: Uint8Array, _lifetime: number, ttl: number): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const file = this.#fileOf(sessionId)
    const draft = `${file}.${randomUUID()}`
    await writeFile(draft, data, { mode: 0o600 })
    // A ttl of 0: until the browser closes, which a store cannot know. It picks a bound of its own.
    await utimes(draft, Date.now() / 1000, Date.now() / 1000 + (ttl || DAY))
    // In one step, so that nobody reads half a session.
    await rename(draft, file)
    return sessionId
  }

  async remove(sessionId: string): Promise<void> {
    await rm(this.#fileOf(sessionId), { force: true })
  }

  /** Hashed: an id comes from outside and must not choose a path, and a folder's listing is worth nothing to a thief. */
  #fileOf(sessionId: string): string {
    return join(this.#folder, createHash('sha256').update(sessionId).digest('hex'))
  }
}

export async function build({ folder = join(tmpdir(), 'starsessions-example') } = {}) {
  const app = Fastify()
  // Not only Secure: this example is also for plain http.
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
