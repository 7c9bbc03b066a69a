import t from 'tap'
import { CookieStore } from '../../lib/stores/cookie.ts'
import { InMemoryStore } from '../../lib/stores/memory.ts'
import { isUnchanged } from '../../lib/stores/unchanged.ts'

t.test('a store of ours is unchanged until somebody replaces a method or extends the class', async (t) => {
  class Subclass extends InMemoryStore {}
  t.equal(isUnchanged(new InMemoryStore(), InMemoryStore), true)
  t.equal(isUnchanged(new Subclass(), InMemoryStore), false)
  for (const method of ['read', 'write', 'replace', 'remove', 'touch']) {
    const replaced = Object.assign(new InMemoryStore(), { [method]: async () => null })
    t.equal(isUnchanged(replaced, InMemoryStore), false, method)
    t.equal(replaced.isLocal, false, method)
  }
})

t.test('a method that the class does not have may be added as little', async (t) => {
  const cookies = new CookieStore({ secretKey: 'a signing secret of at least 32 bytes' })
  t.equal(isUnchanged(cookies, CookieStore), true)
  t.equal(isUnchanged(Object.assign(cookies, { touch: async () => true }), CookieStore), false)
})
