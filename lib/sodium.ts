/**
 * An encryptor that uses libsodium. It needs the package `sodium-native`.
 * @module
 */
export { XChaCha20Encryptor } from './encryptors/xchacha20.ts'
