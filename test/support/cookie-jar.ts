/** A response of `fetch` or of `app.inject`. */
type AnyResponse = Response | { headers: { 'set-cookie'?: string | string[] | number | undefined } }

interface Cookie {
  readonly value: string
  /** The names are in lower case. An attribute without a value has `''`. */
  readonly attributes: ReadonlyMap<string, string>
}

/**
 * The cookies that a browser keeps between two requests. It knows one site only, and ignores paths and domains.
 *
 * ```ts
 * jar.take(await app.inject({ url: '/', headers: { cookie: jar.header() } }))
 * jar.take(await fetch(url, { headers: { cookie: jar.header() } }))
 * ```
 */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  /** The value of the request header `cookie`, or `''` if there are no cookies. */
  header(): string {
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  /**
   * Keeps the cookies that a response sets, and drops the cookies that it clears.
   * @returns the response's Set-Cookie lines
   */
  take(response: AnyResponse): string[] {
    const lines = setCookieLines(response)
    for (const line of lines) this.#keep(line)
    return lines
  }

  get(name: string): string | undefined {
    return this.#cookies.get(name)?.value
  }

  /** The last value of an attribute, by its name in lower case: `attribute('session', 'max-age')`. */
  attribute(name: string, attribute: string): string | undefined {
    return this.#cookies.get(name)?.attributes.get(attribute)
  }

  #keep(line: string): void {
    const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
    const [name, value] = halves(pair)
    const attributes = new Map(rest.map(halves).map(([key, text]) => [key.toLowerCase(), text]))
    if (isOver(attributes)) this.#cookies.delete(name)
    else this.#cookies.set(name, { value, attributes })
  }
}

function setCookieLines({ headers }: AnyResponse): string[] {
  if (headers instanceof Headers) return headers.getSetCookie()
  const lines = headers['set-cookie'] ?? []
  return Array.isArray(lines) ? lines : [String(lines)]
}

function halves(text: string): [string, string] {
  const at = text.indexOf('=')
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Whether a cookie has expired. Max-Age has priority over Expires (RFC 6265, section 5.3). */
function isOver(attributes: ReadonlyMap<string, string>): boolean {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined) return Number(maxAge) <= 0
  const expires = attributes.get('expires')
  return expires !== undefined && Date.parse(expires) <= Date.now()
}
