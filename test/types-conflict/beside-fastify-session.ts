// Compiled by types-conflict.test.ts: @fastify/session's types in one program with ours. It is there for its types alone.
import type {} from '@fastify/session'
import type { FastifyRequest } from 'fastify'
import type { Session } from 'fastify-starsessions'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(_: Equal<A, B>): void

declare const request: FastifyRequest

// Whose type `request.session` has, is a matter of the order in which the compiler comes upon them.
const loaded = () => request.loadSession()
same<typeof loaded, () => Promise<Session>>(true)
const typed = () => request.loadSession<{ user?: string }>()
same<typeof typed, () => Promise<Session<{ user?: string }>>>(true)
