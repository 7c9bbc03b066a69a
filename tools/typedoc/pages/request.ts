/**
 * What the plugin adds to the requests of Fastify, to the application, and to the `config` of a route.
 *
 * A registration with the option `name` adds other members: see `NamedSession` on the page about the session.
 * @module request
 */
import '../../../types/fastify.ts'
// biome-ignore lint/correctness/noUndeclaredDependencies: the types extend the requests of the Fastify in the root
import type { FastifyContextConfig as Config, FastifyInstance as Instance, FastifyRequest as Request } from 'fastify'

/**
 * The members of a request.
 * @interface
 */
export type FastifyRequest = Pick<Request, 'session' | 'isSessionLoaded' | 'loadSession'>

/**
 * The option of a route: `app.get('/', { config: { autoloadSession: true } }, handler)`.
 * @interface
 */
export type FastifyContextConfig = Pick<Config, 'autoloadSession'>

/**
 * The members of the application.
 * @interface
 */
export type FastifyInstance = Pick<Instance, 'sessionsOf' | 'loadSession'>
