// Not under the name Session: the types of @fastify/session declare an interface Session in the module 'fastify', and
// TypeScript would use that interface.

import type { DefaultData, Session as LoadedSession } from './session.ts'
import type { LoadSessionOptions, SessionsOf } from './users/sessions-of.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The loaded session.
     * @throws `FST_SESSION_NOT_LOADED` before `await request.loadSession()`, unless the route autoloads the session
     */
    readonly session: LoadedSession
    /** Whether `request.session` can be read. It never throws, so it suits logs and error handlers. */
    readonly isSessionLoaded: boolean
    /**
     * Loads the session. It reads the store once for each request: overlapping calls share the read, and later calls
     * return the same session. After a failure the next call tries again.
     * @returns the session, which is also `request.session` from then on
     * @throws `FST_SESSION_STORE` if the store or the encryptor failed
     */
    loadSession<D extends object = DefaultData>(): Promise<LoadedSession<D>>
  }

  interface FastifyInstance {
    /**
     * The sessions of a user, in a handler, a job, a webhook or a command.
     * @param userId as in `session.bindTo()`
     * @throws `FST_SESSION_OPTIONS` if it is no user id, or the store cannot list sessions
     */
    sessionsOf(userId: string): SessionsOf
    /**
     * Loads the session of a browser outside a request of Fastify, for example for socket.io. It can be read, and changed
     * with `save()`, `update()` and `destroy()`. A change that needs a new cookie fails with `FST_SESSION_HEADERS_SENT`.
     * @param cookieHeader the Cookie header that the browser has sent
     * @throws `FST_SESSION_STORE` if the store or the encryptor failed
     */
    loadSession<D extends object = DefaultData>(
      cookieHeader: string | undefined,
      options?: LoadSessionOptions
    ): Promise<LoadedSession<D>>
  }

  interface FastifyContextConfig {
    /**
     * What to load before the handler of this route. It overrides the option `autoload`.
     *
     * - `true`: the session of the innermost registration. If that scope has several, the one with the name
     *   `'session'`, or else the one that was registered last.
     * - `false`: no session.
     * - a list: the sessions with these names.
     */
    autoloadSession?: boolean | readonly string[]
  }
}
