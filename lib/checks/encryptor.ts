import { types } from 'node:util'
import { isInstance, SessionUnavailableError } from '../errors.ts'
import { badAnswer } from './answers.ts'
import { withoutText } from './without-secrets.ts'

/** The answer of an encryptor's `encrypt()`. Throws `badAnswer()` if it is no bytes. */
export function ciphertextOf(answer: unknown): Uint8Array {
  if (types.isUint8Array(answer)) return answer
  throw badAnswer(`the encryptor's encrypt() must give a Uint8Array, and gave ${kindOf(answer)}`)
}

/** The answer of an encryptor's `decrypt()`. Throws `badAnswer()` if it is neither bytes nor `null`. */
export function plaintextOrNull(answer: unknown): Uint8Array | null {
  if (answer === null || types.isUint8Array(answer)) return answer
  throw badAnswer(
    `the encryptor's decrypt() must give a Uint8Array, or null for bytes that it did not encrypt, and gave ${kindOf(answer)}`
  )
}

const kindOf = (answer: unknown): string => (answer === null ? 'null' : `a value of type ${typeof answer}`)

/**
 * Makes an error from a value that an encryptor threw. It may be logged, because it has no text of the encryptor. If the
 * encryptor threw a SessionUnavailableError, the cause of that error counts.
 */
export function encryptorFailure(thrown: unknown): Error {
  const inner = isInstance(thrown, SessionUnavailableError) ? causeOf(thrown) : undefined
  return withoutText(inner ?? thrown)
}

function causeOf(error: SessionUnavailableError): unknown {
  try {
    return error.cause
  } catch {
    return undefined
  }
}
