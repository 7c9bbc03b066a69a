import { randomBytes } from 'node:crypto'
import { AESGCMEncryptor } from '../encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../encryptors/fernet.ts'
import { XChaCha20Encryptor } from '../encryptors/xchacha20.ts'
import { SECRET_BYTES } from '../stores/cookie.ts'

/** For each kind of key, the function that makes a new one. */
export const KEY_MAKERS: Readonly<Record<string, () => string>> = {
  secret: () => randomBytes(SECRET_BYTES).toString('base64url'),
  fernet: () => FernetEncryptor.generateKey(),
  'aes-gcm': () => AESGCMEncryptor.generateKey(),
  xchacha20: () => XChaCha20Encryptor.generateKey()
}
