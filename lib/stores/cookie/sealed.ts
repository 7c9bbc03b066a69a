import type { Encryptor } from '../../../types/encryptor.ts'
import { now } from '../../base/clock.ts'
import { isThenable } from '../../checks/answers.ts'
import { ciphertextOf, encryptorFailure, plaintextOrNull } from '../../checks/encryptor.ts'
import { type CookieFormat, refusalByAge } from './format.ts'

/** Whole seconds, without leading zeros, and so few digits that a number holds them exactly. */
const WHOLE_SECONDS = /^(?:0|[1-9]\d{0,14})$/

interface Parts {
  readonly time: string
  readonly sealed: Uint8Array
}

/**
 * A cookie that the server alone can read: `time.sealed`. The encryptor authenticates the time and the name of the cookie,
 * so the time needs no signature, and the cookie is worthless under another name.
 */
export class SealedFormat implements CookieFormat {
  readonly #encryptor: Encryptor
  /** A label and the name of the cookie. With the label, no record of another store opens as a cookie. */
  readonly #context: string

  /** @param encryptor it must authenticate the associated data */
  constructor(encryptor: Encryptor, cookieName: string) {
    this.#encryptor = encryptor
    this.#context = `starsessions.CookieStore\0${cookieName}\0`
  }

  write(record: Uint8Array): string | Promise<string> {
    const time = String(Math.floor(now()))
    return askEncryptor(
      () => this.#encryptor.encrypt(record, this.#associatedData(time)),
      (answer) => `${time}.${base64urlOf(ciphertextOf(answer))}`
    )
  }

  /** The time is checked first, because a cookie that is too old is not worth a call of a key service. */
  read(value: string, maxAge: number): Uint8Array | null | Promise<Uint8Array | null> {
    const parts = partsOf(value)
    if (parts === null || refusalByAge(Number(parts.time), maxAge, now()) !== undefined) return null
    return askEncryptor(() => this.#encryptor.decrypt(parts.sealed, this.#associatedData(parts.time)), plaintextOrNull)
  }

  explain(value: string, maxAge: number): string {
    const parts = partsOf(value)
    return parts === null ? 'malformed' : (refusalByAge(Number(parts.time), maxAge, now()) ?? 'undecryptable')
  }

  /** `true` for all of this kind, because an encryptor does not say which keys it has. */
  sharesCookiesWith(other: CookieFormat): boolean {
    return other instanceof SealedFormat
  }

  #associatedData(time: string): Uint8Array {
    return Buffer.from(this.#context + time)
  }
}

function partsOf(value: string): Parts | null {
  const end = value.indexOf('.')
  const time = value.slice(0, end)
  if (end === -1 || !WHOLE_SECONDS.test(time)) return null
  const text = value.slice(end + 1)
  const sealed = Buffer.from(text, 'base64url')
  // Several texts decode to the same bytes. Only the canonical one counts.
  return base64urlOf(sealed) === text ? { time, sealed } : null
}

const base64urlOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')

/**
 * Calls an encryptor. It need not be one of this library, so its answer is checked, and no text of its errors is passed on.
 * The time limit is that of the call of the store.
 */
function askEncryptor<A, T>(call: () => A | PromiseLike<A>, understand: (answer: A) => T): T | Promise<T> {
  let answer: A | PromiseLike<A>
  try {
    answer = call()
  } catch (thrown) {
    throw encryptorFailure(thrown)
  }
  return isThenable(answer) ? answerOf(answer, understand) : understand(answer)
}

async function answerOf<A, T>(promise: PromiseLike<A>, understand: (answer: A) => T): Promise<T> {
  let answer: A
  try {
    answer = await promise
  } catch (thrown) {
    throw encryptorFailure(thrown)
  }
  return understand(answer)
}
