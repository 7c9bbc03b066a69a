import { inspect } from 'node:util'
import { nearest, suggestion } from './nearest.ts'
import { COOKIE_HINTS, hintFor, PLUGIN_HINTS, plainName } from './other-libraries.ts'

/** The names that there are: of the plugin's options, and of the attributes in `cookie`. */
export interface Known {
  readonly options: readonly string[]
  readonly cookie: readonly string[]
}

/** What to write instead of an option that there is not. */
export function remedyFor(name: string, value: unknown, { options, cookie }: Known): string {
  const list = `Known are ${options.join(', ')}`
  const hint = hintFor(name, PLUGIN_HINTS)
  if (hint !== undefined) return `${hint} ${list}`
  // Python's starsessions, and others, have `cookie_domain` and the like.
  const bare = plainName(name).replace(/^cookie/, '')
  const attribute = cookie.find((known) => plainName(known) === bare) ?? nearAttribute(name, options, cookie)
  return attribute === undefined
    ? suggestion(name, options)
    : `it belongs in "cookie": \`cookie: { ${attribute}: ${asWritten(value)} }\`. ${list}`
}

/** The same for an attribute in `cookie`. */
export function remedyForAttribute(name: string, { options, cookie }: Known): string {
  const list = `Known are ${cookie.join(', ')}`
  const hint = hintFor(name, COOKIE_HINTS)
  if (hint !== undefined) return `${hint} ${list}`
  const near = nearest(name, cookie)
  if (near !== undefined) return `did you mean "cookie.${near}"? ${list}`
  const option = nearest(name, options)
  return option === undefined ? suggestion(name, cookie) : `"${option}" belongs beside "cookie", not in it. ${list}`
}

function nearAttribute(name: string, options: readonly string[], cookie: readonly string[]): string | undefined {
  const near = nearest(name, [...options, ...cookie])
  return near !== undefined && cookie.includes(near) ? near : undefined
}

/** Text and flags as they were passed; of anything else only that it is there. */
const asWritten = (value: unknown): string =>
  typeof value === 'object' ? '...' : inspect(value, { maxStringLength: 60 })
