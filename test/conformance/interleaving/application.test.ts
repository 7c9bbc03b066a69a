import t from 'tap'
import { Application, cookieValue } from '../../../lib/conformance/interleaving/application.ts'
import { InMemoryStore } from '../../../lib/stores/memory.ts'

t.test('an application answers as a browser with one cookie sees it', async (t) => {
  const store = new InMemoryStore()
  const application = await Application.over(store, {})
  t.teardown(() => application.close())
  const first = await application.send(undefined, (session) => void session.set('a', 1))
  t.match(first, { status: 200, setsCookie: true, cookie: /^session=[\w-]{43}$/ })
  t.not(await store.read(cookieValue(first.cookie), 0), null)
  t.same(await application.send(first.cookie, () => undefined), {
    status: 200,
    setsCookie: false,
    cookie: first.cookie
  })
  const last = await application.send(first.cookie, (session) => session.destroy())
  t.same(last, { status: 200, setsCookie: true, cookie: undefined })
})
