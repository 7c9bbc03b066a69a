import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import Fastify from 'fastify'
import type { Effects } from '../scenarios.ts'
import { type BenchData, newData } from '../session-data.ts'
import type { Column } from './column.ts'
import { cookieValue, LIMIT_EFFECTS, setCookie } from './limit.ts'

const KEY = createSecretKey(Buffer.from('a secret of at least thirty-two characters'))

const signatureOf = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url')

function seal(data: BenchData): string {
  const text = `${Buffer.from(JSON.stringify(data)).toString('base64url')}.${Date.now()}`
  return `${text}.${signatureOf(text)}`
}

function open(sealed: string): BenchData {
  const end = sealed.lastIndexOf('.')
  const text = sealed.slice(0, end)
  const given = Buffer.from(sealed.slice(end + 1))
  const expected = Buffer.from(signatureOf(text))
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error('the signature is wrong')
  return JSON.parse(Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString())
}

const NO_STORE = { reads: 0, changes: 0 }

const EFFECTS: Effects = {
  S0: { ...LIMIT_EFFECTS.S0, ...NO_STORE },
  S1: { ...LIMIT_EFFECTS.S1, ...NO_STORE },
  S2: { ...NO_STORE, setsCookie: true },
  S3: { ...LIMIT_EFFECTS.S3, ...NO_STORE },
  S5: { ...LIMIT_EFFECTS.S5, ...NO_STORE }
}

/** By hand, in a signed cookie. */
export const limitInCookie: Column = {
  name: 'by hand, a signed cookie',
  effects: EFFECTS,
  keepsSessions: true,
  oldIdLives: true,
  async open() {
    const app = Fastify()
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', (request, reply) => {
      reply.send(String(open(cookieValue(request)).visits))
    })
    app.get('/S3', (_request, reply) => {
      setCookie(reply, seal(newData()))
      reply.send('ok')
    })
    for (const scenario of ['S2', 'S5']) {
      app.get(`/${scenario}`, (request, reply) => {
        const data = open(cookieValue(request))
        data.visits += 1
        setCookie(reply, seal(data))
        reply.send('ok')
      })
    }
    return app
  }
}
