import { type IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'

export type Listener = (request: IncomingMessage, response: ServerResponse) => void

const HEADERS_END = '\r\n\r\n'
/**
 * The header's name as Fastify and as Express write it. A regular expression for both would cost as much as the cookie of
 * a plugin.
 */
const SET_COOKIE = ['\r\nset-cookie: ', '\r\nSet-Cookie: ']

/** The answer of an application. */
export class Answer {
  readonly statusCode: number
  readonly #sent: readonly (string | Uint8Array)[]

  /** @param sent the chunks that were written to the connection, headers first */
  constructor(statusCode: number, sent: readonly (string | Uint8Array)[]) {
    this.statusCode = statusCode
    this.#sent = sent
  }

  /** The value of the first `Set-Cookie` header. */
  get setCookie(): string | undefined {
    const head = String(this.#sent[0])
    for (const name of SET_COOKIE) {
      const at = head.indexOf(name)
      if (at !== -1) return head.slice(at + name.length, head.indexOf('\r\n', at + name.length))
    }
    return undefined
  }

  /** Correct for answers with a Content-Length, not for chunked ones. */
  get body(): string {
    const text = this.#sent.map(String).join('')
    return text.slice(text.indexOf(HEADERS_END) + HEADERS_END.length)
  }
}

/**
 * Sends a request to an application with Node's own request and response objects, but without a connection or a parser.
 *
 * `app.inject()` would distort the figures: its answers, and the requests with them, stay alive until a full garbage
 * collection. Copying them until then takes as much time as the whole rest of a bare route.
 */
export function ask(
  listener: Listener,
  url: string,
  headers: IncomingHttpHeaders,
  answered: (answer: Answer) => void
): void {
  const sent: (string | Uint8Array)[] = []
  const socket = new Writable({
    decodeStrings: false,
    write(chunk: string | Uint8Array, _encoding, done) {
      sent.push(chunk)
      done()
    }
  }) as Socket
  const request = new IncomingMessage(socket)
  request.method = 'GET'
  request.url = url
  request.httpVersion = '1.1'
  request.httpVersionMajor = 1
  request.httpVersionMinor = 1
  request.headers = { host: 'localhost', 'user-agent': 'bench', ...headers }
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  // As in Node's server, all listeners of 'finish' run before 'close'.
  response.once('finish', () => {
    process.nextTick(() => {
      socket.emit('close')
      response.detachSocket(socket)
      answered(new Answer(response.statusCode, sent))
    })
  })
  listener(request, response)
}
