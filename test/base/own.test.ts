import t from 'tap'
import { isOwn, member, own, ownCopy, setOwn } from '../../lib/base/own.ts'

type Data = Record<string, unknown>

/** Puts properties on `Object.prototype` until the test ends. */
function pollute(t: { teardown(fn: () => void): void }, properties: PropertyDescriptorMap): void {
  for (const key of Object.keys(properties)) {
    Object.defineProperty(Object.prototype, key, { ...properties[key], configurable: true })
    t.teardown(() => Reflect.deleteProperty(Object.prototype, key))
  }
}

t.test('a value is read from the object itself, never from its prototype', async (t) => {
  pollute(t, { isAdmin: { value: true } })
  const data: Data = { a: 1, none: undefined }
  t.equal(own(data, 'a'), 1)
  for (const key of ['none', 'isAdmin', 'constructor', '__proto__', 'toString']) t.equal(own(data, key), undefined, key)
  t.same(own(JSON.parse('{"__proto__":{"a":1}}') as Data, '__proto__'), { a: 1 })
})

t.test('an object with a key hasOwnProperty, or without a prototype, can be read as well', async (t) => {
  const hostile: Data = { hasOwnProperty: () => true }
  t.equal(isOwn.call(hostile, 'isAdmin'), false)
  t.equal(own(hostile, 'constructor'), undefined)
  const bare: Data = Object.assign(Object.create(null), { a: 1 })
  t.equal(isOwn.call(bare, 'a'), true)
  t.equal(own(bare, 'a'), 1)
})

t.test('a member is read from the object or its class, never from Object.prototype', async (t) => {
  class Store {
    readonly own: unknown = 1
    get ofClass(): unknown {
      return this.own
    }
    readonly ofNobody?: unknown
  }
  class Subclass extends Store {}
  const store = Object.setPrototypeOf({ own: 1 }, Subclass.prototype) as Store
  const asDeclared = () => {
    t.equal(member(store, 'own'), 1)
    t.equal(member(store, 'ofClass'), 1)
    t.equal(member(store, 'ofNobody'), undefined)
    const bare: { ofNobody?: unknown } = Object.create(null)
    t.equal(member(bare, 'ofNobody'), undefined)
    t.equal(member({ own: 2, ofNobody: 3 }, 'ofNobody'), 3)
  }
  asDeclared()
  pollute(t, { own: { value: 'theirs' }, ofClass: { value: 'theirs' }, ofNobody: { value: 'theirs' } })
  asDeclared()
})

t.test('a key __proto__ is set as data, and the prototype does not change', async (t) => {
  const data: Data = {}
  setOwn(data, '__proto__', { isAdmin: true })
  t.same(Object.keys(data), ['__proto__'])
  t.equal(Object.getPrototypeOf(data), Object.prototype)
  t.equal(data.isAdmin, undefined)
  t.equal(JSON.stringify(data), '{"__proto__":{"isAdmin":true}}')
})

t.test('a key can be set although Object.prototype has a setter or a read-only property of that name', async (t) => {
  const seen: unknown[] = []
  pollute(t, { user: { set: (value) => void seen.push(value) }, cart: { value: 'theirs', writable: false } })
  const data: Data = {}
  for (const key of ['user', 'cart', 'toString']) setOwn(data, key, `our ${key}`)
  t.strictSame({ ...data }, { user: 'our user', cart: 'our cart', toString: 'our toString' })
  t.same(seen, [])
})

t.test('a property that was set can be changed, listed and deleted', async (t) => {
  const data: Data = {}
  for (const key of ['a', 'constructor']) {
    setOwn(data, key, 1)
    setOwn(data, key, 2)
    t.same(Object.getOwnPropertyDescriptor(data, key), {
      value: 2,
      enumerable: true,
      configurable: true,
      writable: true
    })
    t.equal(delete data[key], true)
  }
})

t.test('a copy has the own properties only, and inherits none', async (t) => {
  pollute(t, { rolling: { value: true, enumerable: true } })
  const options: { lifetime: number; rolling?: boolean } = Object.assign(Object.create({ inherited: 1 }), {
    lifetime: 60
  })
  const copy = ownCopy(options)
  t.same(Object.keys(copy), ['lifetime'])
  t.equal(copy.rolling, undefined)
  t.equal('toString' in copy, false)
  options.lifetime = 1
  t.equal(copy.lifetime, 60)
  t.same(Object.entries(ownCopy(JSON.parse('{"__proto__":{"rolling":true}}'))), [['__proto__', { rolling: true }]])
})
