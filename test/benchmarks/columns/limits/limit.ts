import { randomFillSync } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Effects } from '../../scenarios/scenarios.ts'

/** What the hand-written columns share. They do what a scenario needs and nothing else. */

export const LIMIT = {
  kind: 'limit',
  effects: {
    S0: { reads: 0, changes: 0, setsCookie: false },
    S1: { reads: 1, changes: 0, setsCookie: false },
    S2: { reads: 1, changes: 1, setsCookie: false },
    S3: { reads: 0, changes: 1, setsCookie: true },
    S4: { reads: 1, changes: 0, setsCookie: true },
    S5: { reads: 1, changes: 2, setsCookie: true }
  } satisfies Effects,
  keepsSessions: true,
  framework: 'Fastify'
} as const

/** In milliseconds. */
export const DAY = 86_400_000

const START = 'session='
const ATTRIBUTES = '; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax'

export function cookieValue(request: FastifyRequest): string {
  const header = request.raw.headers.cookie ?? ''
  const start = header.indexOf(START)
  if (start === -1) return ''
  const end = header.indexOf(';', start)
  return header.slice(start + START.length, end === -1 ? undefined : end)
}

export function setCookie(reply: FastifyReply, value: string): void {
  reply.header('set-cookie', START + value + ATTRIBUTES)
}

const ID_BYTES = 32
const pool = Buffer.allocUnsafe(128 * ID_BYTES)
let used = pool.length

export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('base64url', used - ID_BYTES, used)
}
