import type { Settings } from '../settings.ts'

/** What Fastify's router makes of a path before it looks for a route. */
export interface Routing {
  readonly ignoresCase: boolean
  readonly ignoresDuplicateSlashes: boolean
  readonly ignoresTrailingSlash: boolean
  /** A path ends at a semicolon, too. */
  readonly endsAtSemicolon: boolean
}

/** A request target may be a whole URL (RFC 9112, section 3.2.2), and Fastify routes it by its path. */
const SCHEME = /^https?:\/\//i

/** From Fastify's options, of which newer versions have the router's apart; one may have been set in both places. */
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
 * Whether the path of `url` (as it came, with the query) is one that the session is loaded for: as it came, or as the
 * router sees it. A session that is loaded in vain does no harm, and one that a guard misses does.
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

/** Routers differ about a whole URL whose host is followed by a query, so each reading counts: `http://host?/path`. */
function pathsOfWholeUrl(url: string): string[] {
  if (!SCHEME.test(url)) return []
  const rest = url.replace(SCHEME, '')
  const slash = rest.indexOf('/')
  const query = rest.search(/[?#]/)
  const paths = slash === -1 ? [] : [withoutQuery(rest.slice(slash))]
  if (slash === -1 || (query !== -1 && query < slash)) paths.push('/')
  return paths
}

/** The path, and what the router may take it for. */
function asRouted(path: string, routing: Routing): string[] {
  const { ignoresCase, ignoresDuplicateSlashes, ignoresTrailingSlash, endsAtSemicolon } = routing
  let routed = decoded(endsAtSemicolon ? path.replace(/;.*/s, '') : path)
  if (ignoresDuplicateSlashes) routed = routed.replace(/\/{2,}/g, '/')
  if (ignoresCase) routed = routed.toLowerCase()
  const paths = [path, routed]
  if (ignoresTrailingSlash) paths.push(routed.endsWith('/') ? routed.slice(0, -1) : `${routed}/`)
  return paths
}

/** Without reserved characters and "%", which the router leaves as they came. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURI(path.replaceAll('%25', '%2525'))
  } catch {
    // Fastify refuses it.
    return path
  }
}

/** Whole segments: `/app` and `/app/` are `/app` and what is below it, not `/apple`. */
function underPrefix(prefix: string, routing: Routing): ((path: string) => boolean)[] {
  const segments = asRouted(prefix, routing).map((path) => (path.endsWith('/') ? path.slice(0, -1) : path))
  return [...new Set(segments)].map(
    (segment) => (path) => path.startsWith(segment) && (path.length === segment.length || path[segment.length] === '/')
  )
}

function matching(pattern: RegExp, { ignoresCase }: Routing): (path: string) => boolean {
  const matcher = ignoresCase ? new RegExp(pattern, `${pattern.flags.replace('i', '')}i`) : pattern
  return (path) => {
    // With the flags g and y, test() goes on from where the last match ended.
    matcher.lastIndex = 0
    return matcher.test(path)
  }
}
