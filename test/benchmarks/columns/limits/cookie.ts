import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomFillSync,
  timingSafeEqual
} from 'node:crypto'
import Fastify from 'fastify'
import type { Effects } from '../../scenarios/scenarios.ts'
import type { BenchData } from '../../scenarios/session-data.ts'
import { fastifyApplication } from '../application.ts'
import type { Column } from '../column.ts'
import { cookieValue, LIMIT, setCookie } from './limit.ts'

/** Turns the text of a session into a cookie's value, and back. */
interface Seal {
  seal(text: string): string
  open(value: string): string
}

const READS = { reads: 0, changes: 0, setsCookie: false }
const SETS = { reads: 0, changes: 0, setsCookie: true }
const EFFECTS: Effects = { S0: READS, S1: READS, S2: SETS, S3: SETS, S4: SETS, S5: SETS }

const KEY = createSecretKey(Buffer.alloc(32, 'a key of thirty-two bytes'))

const signatureOf = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url')

const signed: Seal = {
  seal(text) {
    const dated = `${Buffer.from(text).toString('base64url')}.${Date.now()}`
    return `${dated}.${signatureOf(dated)}`
  },
  open(value) {
    const end = value.lastIndexOf('.')
    const dated = value.slice(0, end)
    const given = Buffer.from(value.slice(end + 1))
    const expected = Buffer.from(signatureOf(dated))
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error('the signature is wrong')
    return Buffer.from(dated.slice(0, dated.indexOf('.')), 'base64url').toString()
  }
}

const IV_BYTES = 12
const TAG_BYTES = 16

const encrypted: Seal = {
  seal(text) {
    const iv = randomFillSync(Buffer.allocUnsafe(IV_BYTES))
    const cipher = createCipheriv('aes-256-gcm', KEY, iv)
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  },
  open(value) {
    const bytes = Buffer.from(value, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', KEY, bytes.subarray(0, IV_BYTES))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)).toString() + decipher.final().toString()
  }
}

const limit = (name: string, { seal, open }: Seal): Column => ({
  ...LIMIT,
  name,
  effects: EFFECTS,
  inCookie: true,
  async open({ newData }) {
    const app = Fastify()
    const dataOf = (value: string): BenchData => JSON.parse(open(value))
    app.get('/S0', (_request, reply) => {
      reply.send('ok')
    })
    app.get('/S1', (request, reply) => {
      reply.send(String(dataOf(cookieValue(request)).visits))
    })
    app.get('/S3', (_request, reply) => {
      setCookie(reply, seal(JSON.stringify(newData())))
      reply.send('ok')
    })
    app.get('/S4', (request, reply) => {
      const text = open(cookieValue(request))
      setCookie(reply, seal(text))
      reply.send(String((JSON.parse(text) as BenchData).visits))
    })
    for (const scenario of ['S2', 'S5']) {
      app.get(`/${scenario}`, (request, reply) => {
        const data = dataOf(cookieValue(request))
        data.visits += 1
        setCookie(reply, seal(JSON.stringify(data)))
        reply.send('ok')
      })
    }
    return fastifyApplication(app)
  }
})

export const limitInSignedCookie = limit('by hand, a signed cookie', signed)
export const limitInEncryptedCookie = limit('by hand, an AES-GCM cookie', encrypted)
