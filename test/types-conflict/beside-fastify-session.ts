// types-conflict.test.ts compiles this file: the types of @fastify/session and ours in one program.
import type {} from '@fastify/session'
import type { FastifyRequest } from 'fastify'
import type { Session } from 'fastify-starsessions'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(_: Equal<A, B>): void

declare const request: FastifyRequest

// The type of `request.session` depends on which declaration the compiler reads first, so it is not tested here.
const loaded = () => request.loadSession()
same<typeof loaded, () => Promise<Session>>(true)
const typed = () => request.loadSession<{ user?: string }>()
same<typeof typed, () => Promise<Session<{ user?: string }>>>(true)
