import type { Settings } from '../settings.ts'

/** How Fastify's router changes a path before it looks for a route. */
export interface Routing {
  readonly ignoresCase: boolean
  readonly ignoresDuplicateSlashes: boolean
  readonly ignoresTrailingSlash: boolean
  /** A semicolon ends the path, as a question mark does. */
  readonly endsAtSemicolon: boolean
}

/** A request target may be a whole URL (RFC 9112, section 3.2.2). Fastify then routes by the path of that URL. */
const SCHEME = /^https?:\/\//i

/** Reads the options of the router. Newer versions of Fastify have them in `routerOptions`, so both places are checked. */
export function routingOf(config: object): Routing {
  const { routerOptions, ...options } = config as Record<string, unknown>
  const has = (name: string, value: boolean): boolean =>
    options[name] === value || (routerOptions as typeof options | undefined)?.[name] === value
  return {
    ignoresCase: has('caseSensitive', false),
    ignoresDuplicateSlashes: has('ignoreDuplicateSlashes', true),
    ignoresTrailingSlash: has('ignoreTrailingSlash', true),
    endsAtSemicolon: has('useSemicolonDelimiter', true)
  }
}

/**
 * Makes the function that decides whether the session is loaded for a request. The function takes the URL of the request,
 * with its query. It loads the session if the path matches, either as the client wrote it or as the router reads it.
 *
 * Loading a session that no handler needs does no harm. Not loading a session that a guard needs does harm.
 */
export function autoloadMatcher(autoload: Settings['autoload'], routing: Routing): (url: string) => boolean {
  if (typeof autoload === 'boolean') return () => autoload
  const matchers = autoload.flatMap((pattern) =>
    typeof pattern === 'string' ? underPrefix(pattern, routing) : matching(pattern, routing)
  )
  const isMatched = (path: string): boolean => matchers.some((matches) => matches(path))
  const isOrdinary = !Object.values(routing).includes(true)
  return (url) => {
    if (!url.startsWith('/')) return pathsOfWholeUrl(url).some((path) => asRouted(path, routing).some(isMatched))
    const path = withoutQuery(url)
    if (isMatched(path)) return true
    return !(isOrdinary && !path.includes('%')) && asRouted(path, routing).some(isMatched)
  }
}

function withoutQuery(url: string): string {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

/** The possible paths of a whole URL. Routers disagree about a URL such as `http://host?/path`, so each reading is returned. */
function pathsOfWholeUrl(url: string): string[] {
  if (!SCHEME.test(url)) return []
  const rest = url.replace(SCHEME, '')
  const slash = rest.indexOf('/')
  const query = rest.search(/[?#]/)
  const paths = slash === -1 ? [] : [withoutQuery(rest.slice(slash))]
  if (slash === -1 || (query !== -1 && query < slash)) paths.push('/')
  return paths
}

/** The path, and the other forms in which the router may read it. */
function asRouted(path: string, routing: Routing): string[] {
  const { ignoresCase, ignoresDuplicateSlashes, ignoresTrailingSlash, endsAtSemicolon } = routing
  let routed = decoded(endsAtSemicolon ? path.replace(/;.*/s, '') : path)
  if (ignoresDuplicateSlashes) routed = routed.replace(/\/{2,}/g, '/')
  if (ignoresCase) routed = routed.toLowerCase()
  const paths = [path, routed]
  if (ignoresTrailingSlash) paths.push(routed.endsWith('/') ? routed.slice(0, -1) : `${routed}/`)
  return paths
}

/** Decodes a path, except for reserved characters and "%". The router does not decode them either. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURI(path.replaceAll('%25', '%2525'))
  } catch {
    // The path is not valid, and Fastify refuses the request.
    return path
  }
}

/** The prefixes `/app` and `/app/` both match `/app` and each path below it, but not `/apple`. */
function underPrefix(prefix: string, routing: Routing): ((path: string) => boolean)[] {
  const segments = asRouted(prefix, routing).map((path) => (path.endsWith('/') ? path.slice(0, -1) : path))
  return [...new Set(segments)].map(
    (segment) => (path) => path.startsWith(segment) && (path.length === segment.length || path[segment.length] === '/')
  )
}

function matching(pattern: RegExp, { ignoresCase }: Routing): (path: string) => boolean {
  const matcher = ignoresCase ? new RegExp(pattern, `${pattern.flags.replace('i', '')}i`) : pattern
  return (path) => {
    // With the flag g or y, test() would start where the last match ended.
    matcher.lastIndex = 0
    return matcher.test(path)
  }
}
