import { bare } from './bare.ts'
import type { Column } from './column.ts'
import { fastifyCookieAlone } from './fastify-cookie.ts'
import { fastifySessionInMemory } from './fastify-session.ts'
import { limitInCookie } from './limit-cookie.ts'
import { limitInMemory } from './limit-memory.ts'
import { limitInRedis } from './limit-redis.ts'
import { oursInCookie, oursInMemory, oursInRedis, oursInRedisByNodeRedis } from './ours.ts'

/** In the order of the table. The second one shows how far apart two equal columns come out. */
export const COLUMNS: readonly Column[] = [
  bare('bare Fastify'),
  bare('bare Fastify again'),
  fastifyCookieAlone,
  fastifySessionInMemory,
  oursInMemory,
  limitInMemory,
  oursInCookie,
  limitInCookie,
  oursInRedis,
  oursInRedisByNodeRedis,
  limitInRedis
]
