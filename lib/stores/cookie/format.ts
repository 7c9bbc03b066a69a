/** How the value of a cookie protects its record. */
export interface CookieFormat {
  /** @returns the value of the cookie */
  write(record: Uint8Array): string | Promise<string>
  /**
   * @param maxAge how many seconds ago the cookie may have been written
   * @returns `null` if the cookie is not genuine, too old or from the future
   */
  read(value: string, maxAge: number): Uint8Array | null | Promise<Uint8Array | null>
  /** Says why `read` has answered `null`. Only the log may show it. */
  explain(value: string, maxAge: number): string | undefined
  /** Whether cookies of one may open with the other. */
  sharesCookiesWith(other: CookieFormat): boolean
}

/** By how many seconds the clocks of two servers may differ. */
const CLOCK_SKEW = 60

/** @returns why a cookie that was written at that time is refused, or `undefined` if it is not */
export function refusalByAge(writtenAt: number, maxAge: number, now: number): 'too-old' | 'future' | undefined {
  const age = Math.floor(now) - writtenAt
  if (age > maxAge) return 'too-old'
  return age < -CLOCK_SKEW ? 'future' : undefined
}
