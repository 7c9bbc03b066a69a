import t from 'tap'
import { autoloadMatcher, type Routing, routingOf } from '../../lib/fastify/autoload.ts'
import type { Settings } from '../../lib/settings.ts'

const PLAIN = routingOf({})
const matcher = (autoload: Settings['autoload'], routing: Partial<Routing> = {}) =>
  autoloadMatcher(autoload, { ...PLAIN, ...routing })

t.test('true matches each path, and false matches none', async (t) => {
  t.equal(matcher(true)('/x'), true)
  t.equal(matcher(false)('/x'), false)
  t.equal(matcher([])('/x'), false)
})

t.test('a prefix matches whole segments of the path, without the query', async (t) => {
  for (const prefix of ['/app', '/app/']) {
    const matches = matcher([prefix])
    for (const url of ['/app', '/app/', '/app/x/y', '/app?x=1', '/app/?/z']) t.equal(matches(url), true, url)
    for (const url of ['/apple', '/', '/x/app', '/ap', '/x?y=/app', '/APP', '//app', '/app;x']) {
      t.equal(matches(url), false, url)
    }
  }
  t.equal(matcher(['/'])('/anything'), true)
})

t.test('each URL that Fastify routes to a path matches like the path', async (t) => {
  const matches = matcher(['/app', /^\/admin$/])
  for (const path of ['/app', '/app/x', '/admin']) {
    for (const url of [
      path,
      `${path}#x`,
      `${path}?x#y`,
      `http://example.com${path}`,
      `HTTPS://example.com:80${path}?x`
    ]) {
      t.equal(matches(url), true, url)
    }
  }
  for (const url of ['*', 'http://app', 'ftp://x/app', '/x/http://x/app', 'http://x/y?/app']) {
    t.equal(matches(url), false, url)
  }
})

t.test('if routers disagree about a whole URL, each reading is matched', async (t) => {
  for (const url of ['http://x?/app', 'http://x#/app']) {
    t.equal(matcher(['/app'])(url), true, url)
    t.equal(matcher([/^\/$/])(url), true, url)
  }
  for (const url of ['http://x', 'http://x?y', 'http://x/?y']) t.equal(matcher([/^\/$/])(url), true, url)
  t.equal(matcher(['/app'])('http://x/%61pp'), true)
})

t.test('a percent-encoded path matches, except for encoded reserved characters', async (t) => {
  const matches = matcher(['/account', '/café', '/na%C3%AFve', '/50%25', /^\/é$/])
  for (const url of [
    '/%61ccount/x',
    '/a%63coun%74',
    '/%61ccount?%zz',
    '/caf%C3%A9/x',
    '/caf%c3%a9',
    '/na%c3%afve',
    '/naïve',
    '/50%25/x',
    '/%35%30%25',
    '/%C3%A9'
  ]) {
    t.equal(matches(url), true, url)
  }
  for (const url of ['/account%2Fx', '/account%3F', '/%2561ccount', '/%zz', '/%', '/x?y=%2Faccount']) {
    t.equal(matches(url), false, url)
  }
})

t.test('if the router ignores the case, prefixes and RegExps ignore it as well', async (t) => {
  const matches = matcher(['/Account', /^\/Admin/, /^\/api/gi], { ignoresCase: true })
  for (const url of ['/account', '/ACCOUNT/x', '/%41CCOUNT', '/admin', '/ADMIN/x', '/API'])
    t.equal(matches(url), true, url)
  t.equal(matches('/accounts'), false)
})

t.test('slashes and semicolons are treated in the same way as the router treats them', async (t) => {
  const duplicates = matcher(['/a/b', /^\/c\/d$/], { ignoresDuplicateSlashes: true })
  for (const url of ['//a/b', '/a//b/x', '///a///b', '/c//d', '/%63//d']) t.equal(duplicates(url), true, url)
  t.equal(duplicates('/ab'), false)
  const trailing = matcher([/^\/a$/, /^\/b\/$/], { ignoresTrailingSlash: true })
  for (const url of ['/a', '/a/', '/b', '/b/']) t.equal(trailing(url), true, url)
  const semicolon = matcher(['/a', /^\/b$/], { endsAtSemicolon: true })
  for (const url of ['/a;x', '/b;x=1/y', '/%61;x', '/b;?x']) t.equal(semicolon(url), true, url)
  for (const url of ['/c;/a', '/a%3Bx']) t.equal(semicolon(url), false, url)
})

t.test('the options of the router are read from both places', async (t) => {
  t.same(PLAIN, {
    ignoresCase: false,
    ignoresDuplicateSlashes: false,
    ignoresTrailingSlash: false,
    endsAtSemicolon: false
  })
  const options = {
    caseSensitive: false,
    ignoreDuplicateSlashes: true,
    ignoreTrailingSlash: true,
    useSemicolonDelimiter: true
  }
  for (const config of [options, { caseSensitive: true, routerOptions: options }]) {
    t.same(Object.values(routingOf(config)), [true, true, true, true])
  }
})

t.test('a RegExp with the flag g or y matches each time', async (t) => {
  for (const pattern of [/^\/admin/, /^\/admin/g, /\/admin/y]) {
    const matches = matcher(['/else', pattern])
    t.equal(matches('/admin/x'), true)
    t.equal(matches('/admin/x'), true, String(pattern))
    t.equal(matches('/x?/admin'), false)
  }
})
