import t from 'tap'
import { withoutSecrets, withoutText } from '../../lib/checks/without-secrets.ts'

t.test('an error without secrets keeps its name, message, code and stack', async (t) => {
  const plain = Object.assign(new RangeError('connection refused'), { code: 'ECONNREFUSED' })
  for (const id of ['id-1', '']) {
    const safe = withoutSecrets(plain, id)
    t.match(safe, { name: 'RangeError', message: 'connection refused', code: 'ECONNREFUSED', stack: plain.stack })
  }
  t.match(withoutSecrets(Object.assign(new Error('sql'), { code: 42 }), ''), { code: 42 })
})

t.test('the session id, the command and its arguments are removed', async (t) => {
  const error = Object.assign(
    new Error("ERR unknown command 'GETEX', with args beginning with: 'prefix.id-1' 'secret data'"),
    { name: 'ReplyError', code: 'ERR', command: { name: 'getex', args: ['prefix.id-1', 'secret data'] } }
  )
  const safe = withoutSecrets(error, 'id-1') as Error & { code: string }
  t.equal(safe.message, "ERR unknown command 'GETEX'")
  t.equal(safe.name, 'ReplyError')
  t.equal(safe.code, 'ERR')
  t.notMatch(JSON.stringify(safe, Object.getOwnPropertyNames(safe)), /id-1|secret data/)
  t.match(safe.stack, /without-secrets\.test/)
  const named = withoutSecrets(new Error('no such key: id-1'), 'id-1') as Error
  t.equal(named.message, 'no such key: [id]')
  t.equal((withoutSecrets(new Error('outer', { cause: new Error('id-1') }), 'id-1') as Error).cause, undefined)
  const stackless = new Error('about id-1')
  delete stackless.stack
  t.equal((withoutSecrets(stackless, 'id-1') as Error).message, 'about [id]')
})

t.test('a thrown value that is not an error becomes an error without the value', async (t) => {
  const say = (kind: string) => ({ name: 'TypeError', message: `something that is not an Error was thrown (${kind})` })
  t.match(withoutSecrets('id-1', 'id-1'), say('string'))
  t.match(withoutSecrets(null, 'id-1'), say('null'))
  t.match(withoutSecrets(undefined, 'id-1'), say('undefined'))
  t.match(withoutSecrets({ message: 'id-1' }, 'id-1'), say('object'))
})

t.test('secrets in a name, a code, a stack or a list of errors are removed', async (t) => {
  const id = 'id_1'
  const said = (error: Error) => {
    const safe = withoutSecrets(error, id) as Error
    return Object.getOwnPropertyNames(safe).map((key) => String((safe as unknown as Record<string, unknown>)[key]))
  }
  const stack = 'Error: about id_1\n    at store (store.js:1:1)'
  for (const error of [
    Object.assign(new Error('failed'), { name: id }),
    Object.assign(new Error('failed'), { name: 'failure of id_1' }),
    Object.assign(new Error('failed'), { code: id }),
    Object.assign(new Error('failed'), { code: 'failed for id_1' }),
    Object.assign(new Error('failed'), { code: 'E_id_1' }),
    Object.assign(new Error('failed'), { stack: 'Error: other\n    at id_1 (store.js:1:1)' }),
    Object.assign(new Error('failed'), { stack: 'Error: other\n    at the end of id_1' }),
    Object.assign(new Error('failed'), { stack }),
    new AggregateError([new Error('about id_1')], 'failed')
  ]) {
    t.notMatch(said(error).join(), /id_1/)
    t.ok(said(error).includes('failed'))
  }
  t.match((withoutSecrets(Object.assign(new Error('failed'), { stack }), id) as Error).stack, /at store/)
})

t.test('a line of the message that looks like a call is not kept in the stack', async (t) => {
  const error = new Error('failed\n    at hidden (hidden.js:1:1)')
  const { stack } = withoutText(error)
  t.notMatch(stack, /hidden/)
  t.match(stack, /without-secrets\.test/)
})

t.test('of an error from an encryptor or a serializer, only name, code and stack are kept', async (t) => {
  const error = Object.assign(new TypeError('cannot open secret'), { code: 'E_OPEN', data: 'secret' })
  const safe = withoutText(error)
  t.match(safe, { name: 'TypeError', code: 'E_OPEN', message: /is left out/ })
  t.match(safe.stack, /without-secrets\.test/)
  t.notMatch(JSON.stringify(safe, Object.getOwnPropertyNames(safe)), /secret"|cannot/)
})

t.test('no thrown value makes the function throw', async (t) => {
  const boom = () => {
    throw new Error('boom')
  }
  const hostile = new Error('failed')
  for (const key of ['stack', 'name', 'message', 'code']) Object.defineProperty(hostile, key, { get: boom })
  t.match(withoutSecrets(hostile, 'id'), { name: 'Error', message: '', stack: 'Error: ' })
  t.match(withoutSecrets(Object.assign(new Error('failed'), { stack: ['a', 'list'] }), 'id'), { message: 'failed' })
  t.match(withoutSecrets(Object.assign(new Error('failed'), { message: {}, name: {}, code: {} }), 'id'), {
    message: ''
  })
  const { proxy, revoke } = Proxy.revocable(new Error('failed'), {})
  revoke()
  t.match(withoutSecrets(proxy, 'id'), { message: /not an Error/ })
  const inherited = Object.create(Error.prototype, { message: { value: 'an old driver' } })
  t.match(withoutSecrets(inherited, 'id'), { message: 'an old driver' })
  t.match(withoutSecrets(new DOMException('stopped', 'AbortError'), 'id'), { name: 'AbortError', message: 'stopped' })
  t.match(withoutSecrets(Object.freeze(new Error('frozen')), 'id'), { message: 'frozen' })
})
