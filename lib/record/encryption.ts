import type { Encryptor } from '../../types/encryptor.ts'
import type { MaybePromise } from '../base/when.ts'
import { ask } from '../checks/answers.ts'
import { ciphertextOf, encryptorFailure, plaintextOrNull } from '../checks/encryptor.ts'
import { SessionUnavailableError } from '../errors.ts'

/** Calls an encryptor. As with a store, an error or an answer that comes too late means that it is unavailable. */
export class Encryption {
  readonly #encryptor: Encryptor
  readonly #cookieName: string
  readonly #timeout: number

  /** @param timeout seconds */
  constructor(encryptor: Encryptor, cookieName: string, timeout: number) {
    this.#encryptor = encryptor
    this.#cookieName = cookieName
    this.#timeout = timeout
  }

  /**
   * @param id the bytes are bound to this id. It is empty if the store owns the ids
   * @throws `FST_SESSION_STORE`
   */
  encrypt(bytes: Uint8Array, id: string): MaybePromise<Uint8Array> {
    return ask(() => this.#encryptor.encrypt(bytes, this.#associatedData(id)), ciphertextOf, this.#timeout, unavailable)
  }

  /**
   * @returns the plaintext, or `null` if the bytes are not ours or were tampered with
   * @throws `FST_SESSION_STORE`
   */
  decrypt(bytes: Uint8Array, id: string): MaybePromise<Uint8Array | null> {
    return ask(
      () => this.#encryptor.decrypt(bytes, this.#associatedData(id)),
      plaintextOrNull,
      this.#timeout,
      unavailable
    )
  }

  #associatedData(id: string): Uint8Array {
    return Buffer.from(`${this.#cookieName}\0${id}`)
  }
}

const unavailable = (thrown: unknown): Error => new SessionUnavailableError({ cause: encryptorFailure(thrown) })
