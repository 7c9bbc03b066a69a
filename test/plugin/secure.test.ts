import t from 'tap'
import { testApp } from '../support/app.ts'

const WARNING = /Secure session cookie was sent over plain HTTP.*trustProxy/

t.test('Secure over plain HTTP: sent all the same, with one warning that names trustProxy', async (t) => {
  const { send, log } = await testApp(t)
  for (let i = 0; i < 3; i++) t.match((await send(undefined, (session) => void (session.a = 1))).lines, [/; Secure/])
  t.equal(log.filter(({ msg }) => WARNING.test(msg)).length, 1)
})

t.test("secure: 'auto' follows the request's protocol; false is false", async (t) => {
  const auto = await testApp(t, { cookie: { secure: 'auto' } })
  t.notMatch((await auto.send(undefined, (session) => void (session.a = 1))).lines[0], /Secure/)
  t.notMatch(JSON.stringify(auto.log), WARNING)
  const off = await testApp(t, { cookie: { secure: false } })
  t.notMatch((await off.send(undefined, (session) => void (session.a = 1))).lines[0], /Secure/)
})
