// Not under the name Session: where @fastify/session's types are in the program, that is an interface of the module
// 'fastify', which would come before this import.
import type { DefaultData, Session as LoadedSession } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * The loaded session.
     * @throws `FST_SESSION_NOT_LOADED` before `await request.loadSession()` (or autoload)
     */
    readonly session: LoadedSession
    /** Whether `request.session` can be read. Never throws: for logs and error handlers. */
    readonly isSessionLoaded: boolean
    /**
     * Loads the session, at most once a request; calls that overlap share one read. Afterwards `request.session` is
     * there, too. After a failure the next call tries again.
     * @throws `FST_SESSION_STORE` when the store could not tell
     */
    loadSession<D extends object = DefaultData>(): Promise<LoadedSession<D>>
  }

  interface FastifyContextConfig {
    /**
     * What to load before this route's handler, whatever `autoload` says: the session of the innermost registration
     * (`true`), none (`false`), or those with these names. Of several registrations in the innermost scope, `true` means
     * the one named `'session'`, else the one registered last.
     */
    autoloadSession?: boolean | readonly string[]
  }
}
