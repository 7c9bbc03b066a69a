import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { BenchData } from '../../scenarios/session-data.ts'

// Express has no types. These describe the few members that the benchmarks use.

export interface ExpressSession extends BenchData {
  regenerate(done: (error: unknown) => void): void
}

export interface ExpressRequest extends IncomingMessage {
  session: ExpressSession
}

export interface ExpressResponse extends ServerResponse {
  send(body: string): void
}

export interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void
  use(middleware: unknown): void
  get(
    path: string,
    handler: (request: ExpressRequest, response: ExpressResponse, next: (error: unknown) => void) => void
  ): void
}

const require = createRequire(import.meta.url)

export const express = require('express') as () => ExpressApp

export const session = require('express-session') as ((options: Record<string, unknown>) => unknown) & {
  MemoryStore: new () => object
}
