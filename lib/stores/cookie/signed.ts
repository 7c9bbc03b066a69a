import { now } from '../../base/clock.ts'
import type { CookieFormat } from './format.ts'
import { TimestampSigner, type TimestampSignerOptions } from './signer.ts'

/** A cookie whose record anybody can read, but nobody can change. */
export class SignedFormat implements CookieFormat {
  readonly #signer: TimestampSigner

  /** @param secrets the newest first. The first signs, all verify */
  constructor(secrets: readonly (string | Uint8Array)[], options: TimestampSignerOptions) {
    this.#signer = new TimestampSigner(secrets, options)
  }

  write(record: Uint8Array): string {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
    return this.#signer.sign(bytes.toString('base64'), now())
  }

  read(value: string, maxAge: number): Uint8Array | null {
    const text = this.#signer.unsign(value, maxAge, now())
    return text === null ? null : Buffer.from(text, 'base64')
  }

  explain(value: string, maxAge: number): string | undefined {
    return this.#signer.refusalOf(value, maxAge, now())
  }

  sharesCookiesWith(other: CookieFormat): boolean {
    return other instanceof SignedFormat && this.#signer.sharesKeyWith(other.#signer)
  }
}
