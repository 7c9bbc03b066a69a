/** What the types of @fastify/flash need of @fastify/secure-session, without its declaration of `request.session`. */
// biome-ignore lint/suspicious/noEmptyInterface: @fastify/flash augments it
export interface SessionData {}
