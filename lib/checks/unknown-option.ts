import { inspect } from 'node:util'
import { nearest, suggestion } from './nearest.ts'
import { COOKIE_HINTS, hintFor, PLUGIN_HINTS, plainName } from './other-libraries.ts'

/** The known names: the options of the plugin, and the attributes in `cookie`. */
export interface Known {
  readonly options: readonly string[]
  readonly cookie: readonly string[]
}

/** Says what to write instead of an unknown option of the plugin. */
export function remedyFor(name: string, value: unknown, { options, cookie }: Known): string {
  const list = `Known are ${options.join(', ')}`
  const hint = hintFor(name, PLUGIN_HINTS)
  if (hint !== undefined) return `${hint} ${list}`
  // Python's starsessions and other libraries use names such as `cookie_domain`.
  const bare = plainName(name).replace(/^cookie/, '')
  const attribute = cookie.find((known) => plainName(known) === bare) ?? nearAttribute(name, options, cookie)
  return attribute === undefined
    ? suggestion(name, options)
    : `it belongs in "cookie": \`cookie: { ${attribute}: ${asWritten(value)} }\`. ${list}`
}

/** Says what to write instead of an unknown attribute in `cookie`. */
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

/** Text, numbers and flags as the caller wrote them. An object is shown as `...`. */
const asWritten = (value: unknown): string =>
  typeof value === 'object' ? '...' : inspect(value, { maxStringLength: 60 })
