import t from 'tap'
import { withoutSecrets } from '../lib/without-secrets.ts'

t.test('an error that holds no secret is handed on as it is', async (t) => {
  const plain = new Error('connection refused')
  t.equal(withoutSecrets(plain, 'id-1'), plain)
  t.equal(withoutSecrets(plain, ''), plain)
  const coded = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
  t.equal(withoutSecrets(coded, 'id-1'), coded)
})

t.test('the id, the command and its arguments do not reach a log', async (t) => {
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

t.test('what is no error becomes one, without its content', async (t) => {
  t.match(withoutSecrets('id-1', 'id-1'), { name: 'TypeError', message: /not an Error/ })
})

t.test('nor does what stands in a name, a code, a stack, or a list of errors', async (t) => {
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
    Object.assign(new Error('failed'), { stack }),
    new AggregateError([new Error('about id_1')], 'failed')
  ]) {
    t.notMatch(said(error).join(), /id_1/)
    t.ok(said(error).includes('failed'))
  }
  t.match((withoutSecrets(Object.assign(new Error('failed'), { stack }), id) as Error).stack, /at store/)
})
