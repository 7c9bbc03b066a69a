import { randomFillSync } from 'node:crypto'

const ID_BYTES = 32
const REV_BYTES = 8
/** The number of characters of an id. Each character of base64url stands for 6 bits. */
export const ID_LENGTH = Math.ceil((ID_BYTES * 8) / 6)
const POOL_BYTES = 128 * (ID_BYTES + REV_BYTES)

// A call to the system's generator costs twenty times as much as an id from a filled pool.
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

/** Hands out the next bytes of the pool and erases them there, so that no byte is used twice. */
function take<T>(count: number, read: (start: number, end: number) => T): T {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += count
  const taken = read(start, used)
  pool.fill(0, start, used)
  return taken
}

const random = (count: number): string => take(count, (start, end) => pool.toString('base64url', start, end))

/** The same as `randomBytes()` of node:crypto, but from the pool. */
export const randomBytes = (count: number): Buffer =>
  take(count, (start, end) => Buffer.from(pool.subarray(start, end)))

/** A new session id: 256 random bits as base64url (OWASP ASVS 5.0, 7.2.3). */
export const newSessionId = (): string => random(ID_BYTES)

/** A new revision for a record. Each write has its own revision, so two writes of equal data have different bytes. */
export const newRevision = (): string => random(REV_BYTES)
