import t from 'tap'
import { hasLostRace, wasMadeTwice, withRemedy } from '../../../lib/stores/postgres/faults.ts'

const place = { table: 'starsessions' }
const fault = (code: unknown) => Object.assign(new Error('the words of the server'), { code })

t.test('an error with a known remedy names it, and has the error of the server as its cause', async (t) => {
  const error = fault('42P01')
  const explained = withRemedy(error, place) as Error & { code: string }
  t.match(explained.message, /there is no table "starsessions"/)
  t.match(explained.message, '`await store.createTable()`')
  t.match(explained.message, '`npx fastify-starsessions schema postgres`')
  t.equal(explained.cause, error)
  t.equal(explained.code, '42P01')
  t.match(withRemedy(error, { table: 'mine', schema: 'app' }), {
    message: /there is no table "app"\."mine".*schema postgres --table mine --schema app`/
  })
  for (const [code, words] of [
    ['3F000', 'create the schema'],
    ['42703', 'other columns'],
    ['42501', 'the rights SELECT, INSERT, UPDATE and DELETE on "starsessions"'],
    ['25006', 'the client must connect to the primary'],
    ['42P05', 'pass `prepare: false`'],
    ['26000', 'pass `prepare: false`']
  ] as const) {
    t.match(withRemedy(fault(code), place), { message: words })
  }
})

t.test('any other error stays as it is', async (t) => {
  for (const error of [fault('57P01'), fault('toString'), fault(undefined), new Error('a'), 'text', null, undefined]) {
    t.equal(withRemedy(error, place), error)
  }
})

t.test('a serialization failure and a deadlock are lost races', async (t) => {
  t.same(['40001', '40P01', '57P01', undefined].map(fault).map(hasLostRace), [true, true, false, false])
  t.equal(hasLostRace(undefined), false)
})

t.test('a table or an index that two processes make at once is no error', async (t) => {
  t.same(['23505', '42P07', '42710', '42501'].map(fault).map(wasMadeTwice), [true, true, true, false])
})
