import type { IncomingHttpHeaders } from 'node:http'

/** The Fastify instance that a test passes: the application, or the scope in which the plugin is registered. */
export interface App {
  /** Calls back when all plugins are loaded. */
  ready(callback: (error: Error | null) => void): unknown
  /** The logger of the application. */
  readonly log: Readonly<Record<'debug' | 'warn' | 'error', (details: object, message: string) => unknown>>
  /** The HTTP server, by which the library knows the application. */
  readonly server: object
}

/** What `app.inject()` resolves to. */
export interface InjectedResponse {
  /** The headers of the response. */
  readonly headers: { readonly 'set-cookie'?: string | number | readonly string[] | undefined }
  /** The request that was sent. */
  readonly raw: { readonly req: { readonly headers: IncomingHttpHeaders } }
}

/** Says which session a test means, if the application has several. */
export interface WhichSession {
  /** The option `name` of the registration. @default 'session' */
  readonly name?: string
}

/** The user that a test's session belongs to. */
export interface TestUser {
  /** As in `session.bindTo()`. @default none: the session belongs to nobody */
  readonly userId?: string | undefined
  /** As in `session.bindTo()`. @default none */
  readonly label?: unknown
}
