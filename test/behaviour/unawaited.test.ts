import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { TYPESCRIPT } from '../support/typescript.ts'

const PROGRAM = fileURLToPath(new URL('../support/unawaited-process.ts', import.meta.url))

interface Answer {
  readonly member: string
  readonly place: string
  readonly statusCode: number
  readonly body: { readonly code?: string; readonly message?: string }
  readonly headers?: Record<string, string>
  readonly messages: readonly string[]
}

t.test('calls without await over a failing store never end the process, and never fail in silence', async (t) => {
  const flags = ['--unhandled-rejections=strict', TYPESCRIPT]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, PROGRAM])
  const answers: Answer[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(answers.pop(), 'the process lives')
  t.equal(answers.length, 9 * 3 + 2)
  for (const { member, place, statusCode, body, headers, messages } of answers) {
    await t.test(`${member} ${place}`, async (t) => {
      if (member === 'save of too much') {
        t.same([statusCode, body.code], [500, 'FST_SESSION_TOO_LARGE'])
        t.match(body.message, /see the log/)
        return
      }
      if (member === 'loadSession') {
        t.same([statusCode, body], [200, { ok: true }])
        t.match(messages, [/could not be loaded/])
        return
      }
      const isFree = member.startsWith('regenerate')
      if (place === 'when the response has gone') {
        // The commit of this response failed before the call did.
        t.equal(statusCode, 503)
        if (!isFree) t.match(messages.join(), /session\.\w+\(\) failed, and nobody waited for it: write `await /)
        return
      }
      const ofFunction = /throws|inside/.test(member)
      t.equal(statusCode, ofFunction ? 500 : 503)
      t.equal(body.code, ofFunction ? 'FST_SESSION_OPTIONS' : 'FST_SESSION_STORE')
      t.notMatch(JSON.stringify(body), /secret|down/)
      if (!ofFunction) t.equal(headers?.['retry-after'], '5')
      t.equal(headers?.['set-cookie'], undefined)
      if (!isFree) t.match(messages.join(), /session\.\w+\(\) failed, and nobody waited for it: write `await /)
    })
  }
})

t.test('a handler that waits for a call and handles its failure can answer as it likes', async (t) => {
  const ways: Record<string, (saving: Promise<void>) => unknown> = {
    'await in try': async (saving) => {
      try {
        await saving
      } catch {}
    },
    'catch()': (saving) => saving.catch(() => undefined),
    'catch(), not awaited': (saving) => void saving.catch(() => undefined),
    'then() with both': (saving) => void saving.then(undefined, () => undefined),
    'Promise.allSettled()': (saving) => Promise.allSettled([saving]),
    'a function that is not awaited': (saving) => {
      void (async () => {
        await saving.catch(() => undefined)
      })()
    }
  }
  for (const [way, wait] of Object.entries(ways)) {
    const store = new MapStore()
    const { send, problems } = await testApp(t, { store })
    const { cookie } = await send(undefined, (session) => void (session.n = 1))
    const { remove } = store
    const { status } = await send(cookie, async (session) => {
      store.remove = async () => {
        throw new Error('down')
      }
      await wait(session.destroy())
    })
    store.remove = remove
    t.equal(status, 200, way)
    t.same(problems(), [], way)
  }
})

t.test('the response waits for a call without await', async (t) => {
  const { send } = await testApp(t, { store: new MapStore() })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const updated = await send(cookie, (session) => {
    void session.update(async (newest) => {
      await new Promise((resolve) => setImmediate(resolve))
      newest.n++
    })
  })
  t.equal(updated.status, 200)
  t.same((await send(cookie, (session) => session.data())).body, { n: 2 })
  const ended = await send(cookie, (session) => {
    void session.destroy()
  })
  t.equal(ended.cookie, undefined)
  t.same((await send(cookie, (session) => session.data())).body, {})
})

t.test('a call without await that fails after reply.hijack() is logged', async (t) => {
  const store = new MapStore()
  const { app, send, problems } = await testApp(t, { store }, (app) => {
    app.get('/raw', async (request, reply) => {
      const session = await request.loadSession()
      store.remove = async () => {
        throw new Error('down')
      }
      void session.destroy()
      reply.hijack()
      await new Promise((resolve) => setImmediate(resolve))
      reply.raw.end('raw')
    })
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const { statusCode } = await app.inject({ url: '/raw', headers: { cookie: String(cookie) } })
  t.equal(statusCode, 200)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(problems(), [{ msg: /session\.destroy\(\) failed, and nobody waited/, err: { code: 'FST_SESSION_STORE' } }])
})

t.test('nothing is stored if a call without await has failed', async (t) => {
  const store = new MapStore()
  const { send } = await testApp(t, { store })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const { write } = store.calls
  const { status } = await send(cookie, (session) => {
    void session.update(() => Promise.reject(new Error('no')))
    session.n = 2
  })
  t.equal(status, 500)
  t.equal(store.calls.write, write)
})

t.test('a save() that a store in memory refuses at once becomes the response as well', async (t) => {
  const { app, send } = await testApp(t, {}, (app) => {
    app.get('/callback', { config: { autoloadSession: true } }, (request, reply) => {
      request.session.n = () => 1
      void request.session.save()
      request.session.n = 2
      reply.send('ok')
    })
  })
  const { cookie } = await send(undefined, (session) => void (session.n = 1))
  const { statusCode } = await app.inject({ url: '/callback', headers: { cookie: String(cookie) } })
  t.equal(statusCode, 500)
  const { status } = await send(cookie, (session) => {
    session.n = () => 1
    void session.save()
    session.n = 2
  })
  t.equal(status, 500)
  t.same((await send(cookie, (session) => session.data())).body, { n: 1 })
})
