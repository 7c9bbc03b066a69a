import { types } from 'node:util'
import type { Encryptor } from '../../types/encryptor.ts'
import { ask, badAnswer } from '../checks/answers.ts'
import { withoutText } from '../checks/without-secrets.ts'
import { isInstance, SessionUnavailableError } from '../errors.ts'

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
  encrypt(bytes: Uint8Array, id: string): Promise<Uint8Array> {
    return ask(() => this.#encryptor.encrypt(bytes, this.#associatedData(id)), bytesOf, this.#timeout, unavailable)
  }

  /**
   * @returns the plaintext, or `null` if the bytes are not ours or were tampered with
   * @throws `FST_SESSION_STORE`
   */
  decrypt(bytes: Uint8Array, id: string): Promise<Uint8Array | null> {
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

function bytesOf(answer: unknown): Uint8Array {
  if (types.isUint8Array(answer)) return answer
  throw badAnswer(`the encryptor's encrypt() must give a Uint8Array, and gave ${kindOf(answer)}`)
}

function plaintextOrNull(answer: unknown): Uint8Array | null {
  if (answer === null || types.isUint8Array(answer)) return answer
  throw badAnswer(
    `the encryptor's decrypt() must give a Uint8Array, or null for bytes that it did not encrypt, and gave ${kindOf(answer)}`
  )
}

const kindOf = (answer: unknown): string => (answer === null ? 'null' : `a value of type ${typeof answer}`)

/** An encryptor may throw SessionUnavailableError itself. Then the cause of that error counts. */
function unavailable(thrown: unknown): Error {
  const inner = isInstance(thrown, SessionUnavailableError) ? causeOf(thrown) : undefined
  return new SessionUnavailableError({ cause: withoutText(inner ?? thrown) })
}

function causeOf(error: SessionUnavailableError): unknown {
  try {
    return error.cause
  } catch {
    return undefined
  }
}
