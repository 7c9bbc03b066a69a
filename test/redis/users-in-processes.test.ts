import { once } from 'node:events'
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../support/redis-server.ts'
import { UserProcess } from '../support/user-processes.ts'
import { waitUntil } from '../support/wait-until.ts'
import { WebSocket } from '../support/websocket.ts'

/** Without a message, a process notices only after 30 seconds that a session has ended. */
const BEFORE_A_RECHECK_MS = 20_000

const server = await startRedis()
const admin = new Redis(server.port)
t.teardown(async () => {
  admin.disconnect()
  await server.stop()
})

t.test('endAll() in a third process closes a WebSocket and an event stream in two others', async (t) => {
  const [one, two, three] = await Promise.all(Array.from({ length: 3 }, () => UserProcess.start(t, server, 100)))
  const login = async (user: string) => String((await one!.get(`/login?user=${user}&at=${Date.now()}`)).cookie)
  const [ada, bob] = [await login('ada'), await login('bob')]
  const open = async (cookie: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${one!.port}/socket`, { headers: { cookie } })
    t.teardown(() => socket.terminate())
    await once(socket, 'message')
    const abort = new AbortController()
    t.teardown(() => abort.abort())
    const events = await fetch(`http://127.0.0.1:${two!.port}/events`, { headers: { cookie }, signal: abort.signal })
    return { closed: once(socket, 'close'), text: events.text() }
  }
  const [adas, bobs] = [await open(ada), await open(bob)]
  let areBobsOpen = true
  bobs.closed.then(() => {
    areBobsOpen = false
  })
  bobs.text.then(
    () => {
      areBobsOpen = false
    },
    () => undefined
  )
  await waitUntil('two subscribers', async () => {
    const [channel] = (await admin.pubsub('CHANNELS')) as string[]
    const [, subscribers] = (await admin.pubsub('NUMSUB', String(channel))) as [string, number]
    return subscribers === 2
  })
  const began = performance.now()
  t.same((await three!.get('/end-all?user=ada')).body, 1)
  const [code, reason] = await adas.closed
  t.same([code, String(reason)], [4001, 'ended'])
  t.equal(await adas.text, 'data: open\n\ndata: ended\n\n')
  t.ok(performance.now() - began < BEFORE_A_RECHECK_MS, 'a message told the processes')
  for (const process of [one, two, three]) {
    t.same((await process!.get('/read', ada)).body, {})
    t.match((await process!.get('/read', bob)).body, { user: 'bob' })
  }
  t.equal(areBobsOpen, true, 'the connections of another user stay open')
})
