import type { Settings } from '../types/options.ts'

/** A request target may be a whole URL (RFC 9112, section 3.2.2), and Fastify routes it by its path. */
const ORIGIN = /^https?:\/\/[^/?#]*/i

/** Whether the path of `url` (raw, without the query) is one that the session is loaded for. */
export function autoloadMatcher(autoload: Settings['autoload']): (url: string) => boolean {
  if (typeof autoload === 'boolean') return () => autoload
  const matchers = autoload.map((pattern) => (typeof pattern === 'string' ? underPrefix(pattern) : matching(pattern)))
  return (url) => {
    const target = url.startsWith('/') ? url : url.replace(ORIGIN, '')
    const end = target.search(/[?#]/)
    const path = end === -1 ? target : target.slice(0, end)
    return matchers.some((matches) => matches(path))
  }
}

/** Whole segments: `/app` and `/app/` are `/app` and what is below it, not `/apple`. */
function underPrefix(prefix: string): (path: string) => boolean {
  const segment = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return (path) => path.startsWith(segment) && (path.length === segment.length || path[segment.length] === '/')
}

function matching(pattern: RegExp): (path: string) => boolean {
  return (path) => {
    // With the flags g and y, test() goes on from where the last match ended.
    pattern.lastIndex = 0
    return pattern.test(path)
  }
}
