import { hash } from 'node:crypto'

/** The key of a row. A session's id is a secret: whoever reads the table must not be able to send it as a cookie. */
export const keyOfRow = (sessionId: string): Buffer => hash('sha256', sessionId, 'buffer')

/** The same bytes, as the class that clients of databases know. */
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
