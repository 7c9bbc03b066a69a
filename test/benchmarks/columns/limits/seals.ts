import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomFillSync,
  timingSafeEqual
} from 'node:crypto'

/** Turns the text of a session into a cookie's value, and back. */
export interface Seal {
  seal(text: string): string
  open(value: string): string
}

const KEY = createSecretKey(Buffer.alloc(32, 'a key of thirty-two bytes'))

const signatureOf = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url')

export const signed: Seal = {
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

export const encrypted: Seal = {
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
