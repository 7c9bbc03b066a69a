import vm from 'node:vm'
import t from 'tap'
import { ClassWarning, isOfClass } from '../../lib/serializers/class-warning.ts'
import { JsonSerializer } from '../../lib/serializers/json.ts'

class User {
  name = 'secret'
}

class Names extends Array<string> {}

async function warningsOf(run: () => unknown): Promise<(Error & { code?: string })[]> {
  const warnings: Error[] = []
  // Node may also warn about the loader of the tests (DEP0205).
  const note = (warning: Error) => {
    if (warning.name === 'StarsessionsWarning') warnings.push(warning)
  }
  process.on('warning', note)
  await run()
  await new Promise(setImmediate)
  process.off('warning', note)
  return warnings
}

t.test('an instance of a class causes a warning, once in each process', async (t) => {
  const serializer = new JsonSerializer()
  const warnings = await warningsOf(() => {
    serializer.serialize({ list: [{ plain: true }] })
    serializer.serialize({ list: [{ user: new User() }] })
    serializer.serialize({ user: new User(), url: new URL('http://localhost') })
  })
  t.match(warnings, [{ name: 'StarsessionsWarning', code: 'FST_SESSION_CLASS_INSTANCE' }])
  t.equal(
    warnings[0]?.message,
    'the session\'s key "list[0].user" holds an instance of the class User: the next request finds a plain one instead. Store that yourself, or use a serializer that keeps classes. This is shown once, and not with NODE_ENV=production'
  )
})

t.test('an object with toJSON() causes a warning', async (t) => {
  const back = 'what its toJSON() returns'
  const messages = (object: object) =>
    warningsOf(() => new ClassWarning().give(object, back, () => 'a')).then((warnings) => warnings.map(String))
  t.match(await messages({ toJSON: () => 1 }), [
    /holds an object with toJSON\(\): the next request finds what its toJSON/
  ])
  t.match(await messages(new URL('http://localhost')), [/holds an instance of the class URL/])
})

t.test('there is no warning in production', async (t) => {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  t.same(await warningsOf(() => new ClassWarning().give(new User(), 'a plain one', () => 'a')), [])
})

t.test('literals, parsed JSON and lists count as plain, also if they come from another realm', async (t) => {
  for (const plain of [{}, [], JSON.parse('{"__proto__":1}'), Object.create(null), vm.runInNewContext('({})')]) {
    t.equal(isOfClass(plain), false)
  }
  t.equal(isOfClass(vm.runInNewContext('[]')), false)
  for (const made of [new User(), new Names(), Object.create({})]) t.equal(isOfClass(made), true)
})
