/**
 * How a session becomes bytes, and how these bytes are encrypted: the classes of this package, and the interfaces that
 * your own implements.
 * @module serializers-and-encryptors
 */
export { AESGCMEncryptor } from '../../../lib/encryptors/aes-gcm.ts'
export { FernetEncryptor } from '../../../lib/encryptors/fernet.ts'
export { XChaCha20Encryptor } from '../../../lib/encryptors/xchacha20.ts'
export { JsonSerializer } from '../../../lib/serializers/json.ts'
export type * from '../../../types/encryptor.ts'
export type * from '../../../types/serializer.ts'
