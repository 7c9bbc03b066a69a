import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Load } from './load.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serve(t: Test, handler: Handler): Promise<number> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

t.test('each browser keeps the cookie of its own session, and sends none for a new session', async (t) => {
  const cookies = new Map<string, (string | undefined)[]>()
  let sessions = 0
  const port = await serve(t, ({ url, headers }, response) => {
    cookies.set(url!, [...(cookies.get(url!) ?? []), headers.cookie])
    response.setHeader('content-length', 2)
    if (url === '/S3') response.setHeader('set-cookie', `session=${++sessions}; Path=/`)
    response.end('ok')
  })
  const load = await Load.open(port, 3)
  t.equal(await load.run('S1', 0), 3)
  load.close()
  t.same(cookies.get('/S3'), [undefined, undefined, undefined])
  t.same(cookies.get('/S1')?.toSorted(), ['session=1', 'session=2', 'session=3'])
})

t.test('requests follow each other until the time is over, and each of them is counted', async (t) => {
  let served = 0
  const port = await serve(t, (_request, response) => {
    served++
    response.setHeader('content-length', 2)
    response.write('o')
    // In two packets, as an answer may arrive.
    setImmediate(() => response.end('k'))
  })
  const load = await Load.open(port, 2)
  served = 0
  const answers = await load.run('S1', 50)
  load.close()
  t.ok(answers > 4, `${answers}`)
  t.equal(answers, served)
})

t.test('an answer that is an error ends the run', async (t) => {
  const port = await serve(t, ({ url }, response) => {
    response.statusCode = url === '/S3' ? 200 : 500
    response.setHeader('content-length', 2)
    response.end('no')
  })
  const load = await Load.open(port, 1)
  await t.rejects(load.run('S2', 0), { message: /\/S2 over HTTP: HTTP\/1\.1 500/ })
  load.close()
})

t.test('a connection that the server closes, and an answer without a length, end the run', async (t) => {
  const port = await serve(t, ({ url }, response) => {
    if (url === '/S1') {
      response.destroy()
      return
    }
    if (url === '/S3') response.setHeader('content-length', 2)
    else response.setHeader('transfer-encoding', 'chunked')
    response.end('ok')
  })
  for (const [scenario, message] of [
    ['S1', /closed a connection/],
    ['S2', /no Content-Length/]
  ] as const) {
    const load = await Load.open(port, 1)
    await t.rejects(load.run(scenario, 0), { message })
    load.close()
  }
})

t.test('a connection that the server closed between two runs ends the next run', async (t) => {
  const server = createServer((_request, response) => {
    response.setHeader('content-length', 2)
    response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const load = await Load.open((server.address() as AddressInfo).port, 1)
  server.closeAllConnections()
  await sleep(20)
  await t.rejects(load.run('S1', 0), { message: /closed a connection/ })
})
