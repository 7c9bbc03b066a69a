import { randomFillSync } from 'node:crypto'

const ID_BYTES = 32
const REV_BYTES = 8
/** Characters of an id: base64url has 6 bits in each. */
export const ID_LENGTH = Math.ceil((ID_BYTES * 8) / 6)
const POOL_BYTES = 128 * (ID_BYTES + REV_BYTES)

// One call to the system's generator costs twenty times what an id out of a filled pool does.
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

/** No byte is handed out twice, nor left behind. */
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

/** As node:crypto's, out of the pool. */
export const randomBytes = (count: number): Buffer =>
  take(count, (start, end) => Buffer.from(pool.subarray(start, end)))

/** A new session id: 256 random bits, base64url (OWASP ASVS 5.0, 7.2.3). */
export const newSessionId = (): string => random(ID_BYTES)

/** A record's revision: fresh for each write, so that equal data are not equal bytes. */
export const newRevision = (): string => random(REV_BYTES)
