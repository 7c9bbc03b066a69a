import { randomFillSync } from 'node:crypto'

const ID_BYTES = 32
const REV_BYTES = 8
/** Characters of an id: base64url has 6 bits in each. */
export const ID_LENGTH = Math.ceil((ID_BYTES * 8) / 6)
const POOL_BYTES = 128 * (ID_BYTES + REV_BYTES)

// One call to the system's generator costs twenty times what an id out of a filled pool does.
const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let used = POOL_BYTES

function random(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString('base64url', used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}

/** A new session id: 256 random bits, base64url (OWASP ASVS 5.0, 7.2.3). */
export const newSessionId = (): string => random(ID_BYTES)

/** A record's revision: fresh for each write, so that equal data are not equal bytes. */
export const newRevision = (): string => random(REV_BYTES)
