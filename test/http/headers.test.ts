import t from 'tap'
import {
  isForSharedCaches,
  varyOnCookie,
  withoutCookie,
  withoutSharedCaching,
  withoutTargetedCaching
} from '../../lib/http/headers.ts'

t.test('a response with the cookie is not stored, unless the application keeps shared caches out itself', async (t) => {
  t.equal(withoutSharedCaching(undefined), 'no-store')
  t.equal(withoutSharedCaching('public, max-age=60'), 'no-store')
  t.equal(withoutSharedCaching('max-age=60'), 'no-store')
  t.equal(withoutSharedCaching('x-private-ish=1'), 'no-store')
  t.equal(withoutSharedCaching('private, max-age=60'), 'private, max-age=60')
  t.equal(withoutSharedCaching('max-age=60,Private'), 'max-age=60,Private')
  t.equal(withoutSharedCaching('no-store'), 'no-store')
  t.equal(withoutSharedCaching('private="x-theirs", max-age=60'), 'no-store')
  t.equal(withoutSharedCaching('ext="a, private, b"'), 'no-store')
})

t.test('headers for some shared caches alone are known by their names', async (t) => {
  const all = [
    'cdn-cache-control',
    'cloudflare-cdn-cache-control',
    'netlify-cdn-cache-control',
    'vercel-cdn-cache-control',
    'examplecdn-cache-control',
    'surrogate-control',
    'edge-control',
    'x-accel-expires'
  ]
  for (const name of all) t.equal(isForSharedCaches(name), true, name)
  for (const name of ['cache-control', 'expires', 'surrogate-key', 'cdn-cache-control-x']) {
    t.equal(isForSharedCaches(name), false, name)
  }
})

t.test('what is for some shared caches alone is replaced, unless it keeps the response out of them', async (t) => {
  t.equal(withoutTargetedCaching('cdn-cache-control', 'public, max-age=60'), 'no-store')
  t.equal(withoutTargetedCaching('cdn-cache-control', 'private'), 'private')
  t.equal(withoutTargetedCaching('cdn-cache-control', 'no-store=?0'), 'no-store')
  t.equal(withoutTargetedCaching('surrogate-control', 'max-age=60, content="ESI/1.0"'), 'no-store')
  t.equal(withoutTargetedCaching('surrogate-control', 'private'), 'no-store', 'not all that obey it know private')
  t.equal(withoutTargetedCaching('surrogate-control', 'no-store, content="ESI/1.0"'), 'no-store, content="ESI/1.0"')
  t.equal(withoutTargetedCaching('edge-control', ['cache-maxage=60s']), 'no-store')
  t.equal(withoutTargetedCaching('x-accel-expires', '@4102444800'), '0')
})

t.test('Vary names Cookie once, beside what is there', async (t) => {
  t.equal(varyOnCookie(undefined), 'Cookie')
  t.equal(varyOnCookie('Accept'), 'Accept, Cookie')
  t.equal(varyOnCookie('accept, cookie'), 'accept, cookie')
  t.equal(varyOnCookie('X-Cookie'), 'X-Cookie, Cookie')
  t.equal(varyOnCookie('*'), '*')
  t.equal(varyOnCookie(['Accept', 'Origin']), 'Accept,Origin, Cookie')
})

t.test('Set-Cookie lines are kept, but those that set the same cookie', async (t) => {
  const isSame = (line: string) => line.startsWith('s=')
  t.same(withoutCookie(undefined, isSame), [])
  t.same(withoutCookie('a=1', isSame), ['a=1'])
  t.same(withoutCookie('s=0', isSame), [])
  t.same(withoutCookie(['a=1', 's=0', 'b=1'], isSame), ['a=1', 'b=1'])
})
