import { isObject } from '../../base/is-object.ts'

/** What a store of express-session keeps. Each store looks at other members of `cookie`, to know when a session ends. */
interface Envelope {
  readonly cookie: {
    /** Milliseconds. session-file-store looks at it. */
    readonly originalMaxAge: number
    /** Milliseconds. memorystore and connect-session-knex look at it. */
    readonly maxAge: number
    /** connect-redis, connect-pg-simple and connect-mongo look at it. */
    readonly expires: Date
    readonly httpOnly: true
    readonly path: '/'
  }
  /** The Unix time in milliseconds. Some stores count in whole seconds, and some hand out what has expired. */
  readonly until: number
  /** One text, not an object: a database column of the type `jsonb` would sort its keys. */
  readonly record: string
  readonly encoding: 'utf8' | 'base64'
}

/** The byte order mark stays, because the bytes must come back as they were. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * @param now the Unix time in milliseconds
 * @param seconds for how long to keep the record
 */
export function packed(data: Uint8Array, now: number, seconds: number): Envelope {
  const maxAge = Math.ceil(seconds * 1000)
  const until = now + maxAge
  const expires = new Date(until)
  const cookie = { originalMaxAge: maxAge, maxAge, expires, httpOnly: true, path: '/' } as const
  return { cookie, until, ...encoded(data) }
}

/** The bytes in what a store has handed out, or `null` if there are none, or their time is over. */
export function unpacked(session: unknown, now: number): Uint8Array | null {
  if (!isObject(session)) return null
  const { until, record, encoding } = session
  if (typeof record !== 'string' || !(Number(until) > now)) return null
  return Buffer.from(record, encoding === 'base64' ? 'base64' : 'utf8')
}

function encoded(data: Uint8Array): Pick<Envelope, 'record' | 'encoding'> {
  // PostgreSQL refuses this character in `jsonb`.
  if (!data.includes(0)) {
    try {
      return { record: UTF8.decode(data), encoding: 'utf8' }
    } catch {}
  }
  return { record: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'), encoding: 'base64' }
}
