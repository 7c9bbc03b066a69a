import Fastify from 'fastify'
import t from 'tap'
import { type Answer, ask, type Listener } from './in-process.ts'

const answerOf = (listener: Listener, url: string): Promise<Answer> =>
  new Promise((resolve) => ask(listener, url, { cookie: 'a=b' }, resolve))

t.test('Fastify answers a request in process, with the first cookie that it sets', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const ended: string[] = []
  app.get('/', async ({ headers }, reply) => {
    for (const name of ['close', 'finish']) reply.raw.on(name, () => ended.push(name))
    return reply.code(201).header('set-cookie', ['first=1; Path=/', 'second=2']).send(headers.cookie)
  })
  await app.ready()
  const answer = await answerOf(app.routing, '/')
  t.match(answer, { statusCode: 201, setCookie: 'first=1; Path=/', body: 'a=b' })
  t.same(ended, ['finish', 'close'], 'the events come in the order of a real server')
  t.match(await answerOf(app.routing, '/none'), { statusCode: 404, setCookie: undefined })
})
