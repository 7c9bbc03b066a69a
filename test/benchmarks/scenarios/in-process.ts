import { type IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'

export type Listener = (request: IncomingMessage, response: ServerResponse) => void

const HEADERS_END = '\r\n\r\n'
/** As Fastify writes it, and as Express does. A regular expression would cost as much as a plugin's cookie. */
const SET_COOKIE = ['\r\nset-cookie: ', '\r\nSet-Cookie: ']

/** What an application has answered. */
export class Answer {
  readonly statusCode: number
  readonly #sent: readonly (string | Uint8Array)[]

  /** @param sent what went to the connection, headers first */
  constructor(statusCode: number, sent: readonly (string | Uint8Array)[]) {
    this.statusCode = statusCode
    this.#sent = sent
  }

  /** The first `Set-Cookie` line. */
  get setCookie(): string | undefined {
    const head = String(this.#sent[0])
    for (const name of SET_COOKIE) {
      const at = head.indexOf(name)
      if (at !== -1) return head.slice(at + name.length, head.indexOf('\r\n', at + name.length))
    }
    return undefined
  }

  /** Of an answer with a Content-Length. */
  get body(): string {
    const text = this.#sent.map(String).join('')
    return text.slice(text.indexOf(HEADERS_END) + HEADERS_END.length)
  }
}

/**
 * Asks an application with Node's own request and response, as its server would, but without a connection or a parser.
 *
 * Not with `app.inject()`: each of its answers has functions and accessors of its own, which V8 keeps, and the request with
 * them, until it collects the whole heap. Copying them until then takes as much time as all else in a bare route.
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
  // What Node's server does then: first all that listen to 'finish', then 'close'.
  response.once('finish', () => {
    process.nextTick(() => {
      socket.emit('close')
      response.detachSocket(socket)
      answered(new Answer(response.statusCode, sent))
    })
  })
  listener(request, response)
}
