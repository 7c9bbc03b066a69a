import t from 'tap'
import { autoloadMatcher } from '../lib/autoload.ts'

t.test('true is every path, false is none', async (t) => {
  t.equal(autoloadMatcher(true)('/x'), true)
  t.equal(autoloadMatcher(false)('/x'), false)
  t.equal(autoloadMatcher([])('/x'), false)
})

t.test('a prefix is whole segments of the path without the query', async (t) => {
  for (const prefix of ['/app', '/app/']) {
    const matches = autoloadMatcher([prefix])
    for (const url of ['/app', '/app/', '/app/x/y', '/app?x=1', '/app/?/z']) t.equal(matches(url), true, url)
    for (const url of ['/apple', '/', '/x/app', '/ap', '/x?y=/app', '/APP']) t.equal(matches(url), false, url)
  }
  t.equal(autoloadMatcher(['/'])('/anything'), true)
})

t.test('whatever Fastify routes to a path is that path', async (t) => {
  const matches = autoloadMatcher(['/app', /^\/admin$/])
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
  for (const url of ['*', 'http://app', 'http://x?/app', 'http://x#/app', '/x/http://x/app']) {
    t.equal(matches(url), false, url)
  }
})

t.test('a RegExp matches each time, with the flags g and y as well', async (t) => {
  for (const pattern of [/^\/admin/, /^\/admin/g, /\/admin/y]) {
    const matches = autoloadMatcher(['/else', pattern])
    t.equal(matches('/admin/x'), true)
    t.equal(matches('/admin/x'), true, String(pattern))
    t.equal(matches('/x?/admin'), false)
  }
})
