import Fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify'

// One plugin in a process that has just begun. Prints what importing and registering it cost, as JSON. Fastify is
// loaded before, because the application needs it anyway.

/** Milliseconds of CPU time, of all threads. */
export interface ImportCost {
  readonly load: number
  readonly register: number
}

type Plugin = FastifyPluginCallback<Record<string, unknown>>
type Register = (app: FastifyInstance) => PromiseLike<unknown>

/** The name is no literal, because the types of other plugins contradict ours about `request.session`. */
const load = async (name: string): Promise<Plugin> => ((await import(name)) as { default: Plugin }).default

/** Each imports all that an application needs for its sessions. */
const PLUGINS: Readonly<Record<string, () => Promise<Register>>> = {
  async ours() {
    const starsessions = await load('fastify-starsessions')
    return (app) => app.register(starsessions)
  },
  async '@fastify/session'() {
    const cookie = await load('@fastify/cookie')
    const session = await load('@fastify/session')
    return (app) => app.register(cookie).register(session, { secret: 'k'.repeat(32) })
  },
  async '@fastify/secure-session'() {
    const secureSession = await load('@fastify/secure-session')
    return (app) => app.register(secureSession, { key: Buffer.alloc(32, 1) })
  }
}

async function costOf<Result>(work: () => PromiseLike<Result>): Promise<[Result, number]> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return [result, (user + system) / 1_000]
}

const app = Fastify()
const [register, importing] = await costOf(PLUGINS[process.argv[2]!]!)
const [, registering] = await costOf(() => register(app))
console.log(JSON.stringify({ load: importing, register: registering } satisfies ImportCost))
