/** The part of @fastify/secure-session that the types of @fastify/flash need. It leaves out the type of `request.session`. */
// biome-ignore lint/suspicious/noEmptyInterface: @fastify/flash augments it
export interface SessionData {}
