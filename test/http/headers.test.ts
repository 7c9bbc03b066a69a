import t from 'tap'
import {
  isForSharedCaches,
  varyOnCookie,
  withoutCookie,
  withoutSharedCaching,
  withoutTargetedCaching
} from '../../lib/http/headers.ts'

t.test('Cache-Control forbids shared caching, and a value that already does so is kept', async (t) => {
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

t.test('headers that address shared caches are recognised by their names', async (t) => {
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

t.test('a header that addresses shared caches is replaced, unless it already forbids caching', async (t) => {
  t.equal(withoutTargetedCaching('cdn-cache-control', 'public, max-age=60'), 'no-store')
  t.equal(withoutTargetedCaching('cdn-cache-control', 'private'), 'private')
  t.equal(withoutTargetedCaching('cdn-cache-control', 'no-store=?0'), 'no-store')
  t.equal(withoutTargetedCaching('surrogate-control', 'max-age=60, content="ESI/1.0"'), 'no-store')
  t.equal(
    withoutTargetedCaching('surrogate-control', 'private'),
    'no-store',
    'some caches that obey this header do not know private'
  )
  t.equal(withoutTargetedCaching('surrogate-control', 'no-store, content="ESI/1.0"'), 'no-store, content="ESI/1.0"')
  t.equal(withoutTargetedCaching('edge-control', ['cache-maxage=60s']), 'no-store')
  t.equal(withoutTargetedCaching('x-accel-expires', '@4102444800'), '0')
})

t.test('Vary gets Cookie once, beside its other names', async (t) => {
  t.equal(varyOnCookie(undefined), 'Cookie')
  t.equal(varyOnCookie('Accept'), 'Accept, Cookie')
  t.equal(varyOnCookie('accept, cookie'), 'accept, cookie')
  t.equal(varyOnCookie('X-Cookie'), 'X-Cookie, Cookie')
  t.equal(varyOnCookie('*'), '*')
  t.equal(varyOnCookie(['Accept', 'Origin']), 'Accept,Origin, Cookie')
})

t.test('Set-Cookie lines are kept, except those that set the same cookie', async (t) => {
  const isSame = (line: string) => line.startsWith('s=')
  t.same(withoutCookie(undefined, isSame), [])
  t.same(withoutCookie('a=1', isSame), ['a=1'])
  t.same(withoutCookie('s=0', isSame), [])
  t.same(withoutCookie(['a=1', 's=0', 'b=1'], isSame), ['a=1', 'b=1'])
})
