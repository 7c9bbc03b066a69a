import t from 'tap'
import { testApp } from '../support/app.ts'

const WARNING = /Secure session cookie was sent over plain HTTP.*trustProxy.*`cookie: \{ secure: 'auto' \}`/
const ELSEWHERE = { host: 'shop.test' }

t.test('a Secure cookie is sent over plain HTTP as well, with one warning that names trustProxy', async (t) => {
  const { send, log } = await testApp(t)
  for (let i = 0; i < 3; i++) {
    t.match((await send(undefined, (session) => void (session.a = 1), ELSEWHERE)).lines, [/; Secure/])
  }
  t.equal(log.filter(({ msg }) => WARNING.test(msg)).length, 1)
})

t.test('on localhost, where browsers keep a Secure cookie, there is no warning; elsewhere there is one', async (t) => {
  const { send, log } = await testApp(t)
  for (const host of ['localhost:3000', 'app.localhost', '127.0.0.1:3000', '[::1]:3000', 'shop.test:3000']) {
    t.equal(log.filter(({ msg }) => WARNING.test(msg)).length, 0)
    t.match((await send(undefined, (session) => void (session.a = 1), { host })).lines, [/; Secure/])
  }
  t.equal(log.filter(({ msg }) => WARNING.test(msg)).length, 1)
})

t.test("secure: 'auto' follows the protocol of the request, and with false the cookie is never Secure", async (t) => {
  const auto = await testApp(t, { cookie: { secure: 'auto' } })
  t.notMatch((await auto.send(undefined, (session) => void (session.a = 1), ELSEWHERE)).lines[0], /Secure/)
  t.notMatch(JSON.stringify(auto.log), WARNING)
  const off = await testApp(t, { cookie: { secure: false } })
  t.notMatch((await off.send(undefined, (session) => void (session.a = 1))).lines[0], /Secure/)
})
