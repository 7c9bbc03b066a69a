import { Readable, Stream } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type preHandlerAsyncHookHandler,
  type RouteHandlerMethod
} from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore, InMemoryStore, type Session } from '../../../lib/index.ts'
import { MapStore } from '../../support/map-store.ts'

/** A store that is slow, like a database: each write takes `turns` turns of the event loop. */
class SlowStore extends MapStore {
  turns = 0

  override async write(...args: Parameters<MapStore['write']>): Promise<string> {
    for (let at = 0; at < this.turns; at++) await turn()
    return super.write(...args)
  }
}

async function application(t: Test, turns: number, prepare: (app: FastifyInstance) => void) {
  const problems: string[] = []
  const stream = { write: (line: string) => void problems.push(JSON.parse(line).msg) }
  const app = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  const store = Object.assign(new SlowStore(), { turns })
  await app.register(starsessions, { store, autoload: true, cookie: { secure: false } })
  prepare(app)
  return { app, store, problems }
}

for (const turns of [0, 1, 5]) {
  t.test(`an async handler need not return the reply, if a write takes ${turns} turns`, async (t) => {
    const { app, problems } = await application(t, turns, (app) => {
      app.get('/at-once', async ({ session }, reply) => {
        session.user = 'ada'
        reply.send({ ok: true })
      })
      app.get('/later', async ({ session }, reply) => {
        session.user = 'ada'
        reply.send({ ok: true })
        for (let at = 0; at < 3; at++) await turn()
      })
    })
    for (const url of ['/at-once', '/later']) {
      const response = await app.inject(url)
      t.same(response.json(), { ok: true }, url)
      t.match(response.headers['set-cookie'], /^session=[\w-]{43};/, url)
    }
    t.same(problems, [])
  })

  t.test(`no handler runs after a hook has answered, if a write takes ${turns} turns`, async (t) => {
    let ran = 0
    const handler = async () => {
      ran++
      return 'secret'
    }
    const { app, problems } = await application(t, turns, (app) => {
      app.addHook('onRequest', async ({ session }) => {
        session.attempts = 1
      })
      const hooks: Record<string, preHandlerAsyncHookHandler> = {
        '/unreturned': async (_, reply) => {
          reply.code(401).send('no')
        },
        '/later': async (_, reply) => {
          reply.code(401).send('no')
          await turn()
        },
        '/returned': async (_, reply) => reply.code(401).send('no'),
        '/stream': async (_, reply) => reply.code(401).send(Readable.from(['n', 'o']))
      }
      for (const [url, preHandler] of Object.entries(hooks)) app.get(url, { preHandler }, handler)
    })
    for (const url of ['/unreturned', '/later', '/returned', '/stream']) {
      const { statusCode, body, headers } = await app.inject(url)
      t.match({ statusCode, body }, { statusCode: 401, body: /^no$/ }, url)
      t.match(headers['set-cookie'], /^session=/, url)
    }
    t.equal(ran, 0)
    t.same(problems, [])
  })
}

t.test('a failed commit is answered with 503, and the handler after the hook does not run', async (t) => {
  let ran = 0
  const handler = async () => {
    ran++
  }
  const { app, store } = await application(t, 1, (app) => {
    const hooks: Record<string, preHandlerAsyncHookHandler> = {
      '/unreturned': async ({ session }, reply) => {
        session.user = 'ada'
        reply.send('never')
      },
      '/returned': async ({ session }, reply) => {
        session.user = 'ada'
        return reply.send('never')
      }
    }
    for (const [url, preHandler] of Object.entries(hooks)) app.get(url, { preHandler }, handler)
  })
  store.write = async () => {
    await turn()
    throw new Error('away')
  }
  for (const url of ['/unreturned', '/returned']) t.equal((await app.inject(url)).statusCode, 503, url)
  t.equal(ran, 0)
})

t.test('an error after the commit is answered with 500', async (t) => {
  const { app } = await application(t, 1, (app) => {
    const change: RouteHandlerMethod = async ({ session, query }, reply) => {
      session.user = 'ada'
      return reply.headers(query as object).send('x')
    }
    const onSend = async () => {
      throw new Error('late')
    }
    app.get('/hook', { onSend }, change)
    app.get('/header', change)
  })
  for (const url of ['/hook', '/header?x-broken=a%0Ab']) t.equal((await app.inject(url)).statusCode, 500, url)
})

const failure = new Error('the disk is full')
/** Streams that fail in the next turn of the event loop. At that time, only the library listens for errors. */
const FAILING: Record<string, () => Readable | Stream> = {
  'that cannot be opened': () => new Readable({ construct: (callback) => setImmediate(callback, failure) }),
  'that is destroyed': () => failing(new Readable({ read() {} }), (stream) => stream.destroy(failure)),
  'that emits an error without being destroyed': () =>
    failing(new Readable({ read() {} }), (stream) => stream.emit('error', failure)),
  'of the oldest kind (Stream)': () =>
    failing(Object.assign(new Stream(), { readable: true }), (it) => it.emit('error', failure))
}

function failing<T extends Stream>(stream: T, fail: (stream: T) => void): T {
  setImmediate(fail, stream)
  return stream
}

for (const [what, open] of Object.entries(FAILING)) {
  t.test(`a stream ${what} during the commit is answered with 500 and does not end the process`, async (t) => {
    const sent: Stream[] = []
    const { app, store } = await application(t, 5, (app) => {
      app.get('/', async ({ session }, reply) => {
        session.user = 'ada'
        const stream = open()
        sent.push(stream)
        return reply.send(stream)
      })
    })
    const { statusCode, body, headers } = await app.inject('/')
    t.match({ statusCode, body }, { statusCode: 500, body: /the disk is full/ })
    t.match(headers['set-cookie'], /^session=[^;]/, 'the session is stored')
    store.write = async () => {
      for (let at = 0; at < 5; at++) await turn()
      throw new Error('away')
    }
    t.equal((await app.inject('/')).statusCode, 503)
    for (const stream of sent) t.ok(stream.listenerCount('error') > 0, 'a further error of the stream has a listener')
  })
}

t.test('after the commit, errors of the stream are left to Fastify', async (t) => {
  const stream = Readable.from(['o', 'k'])
  let listeners: number | undefined
  const { app } = await application(t, 1, (app) => {
    app.addHook('onSend', async () => {
      listeners = stream.listenerCount('error')
    })
    app.get('/', async ({ session }, reply) => {
      session.user = 'ada'
      return reply.send(stream)
    })
  })
  t.equal((await app.inject('/')).body, 'ok')
  t.equal(listeners, 0)
})

const LOCAL = {
  InMemoryStore: () => new InMemoryStore(),
  CookieStore: () => new CookieStore({ secretKey: 'x'.repeat(32) })
}

for (const [name, newStore] of Object.entries(LOCAL)) {
  const local = async (t: Test, prepare: (app: FastifyInstance) => void) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(starsessions, { store: newStore(), autoload: true, cookie: { secure: false } })
    let ran = 0
    const handler = async () => {
      ran++
      return 'secret'
    }
    prepare(app)
    const hooks: Record<string, preHandlerAsyncHookHandler> = {
      '/text': async ({ session }, reply) => {
        session.attempts = 1
        reply.code(401).send('no')
      },
      '/stream': async ({ session }, reply) => {
        session.attempts = 1
        reply.code(401).send(Readable.from(['n', 'o']))
      },
      '/fails': async ({ session }, reply) => {
        session.attempts = 1n
        reply.code(401).send('no')
      }
    }
    for (const [url, preHandler] of Object.entries(hooks)) app.get(url, { preHandler }, handler)
    return { app, ran: () => ran }
  }
  const OTHERS: Record<string, (app: FastifyInstance) => void> = {
    nothing: () => undefined,
    'an error handler': (app) =>
      app.setErrorHandler<FastifyError>(async ({ statusCode }) => {
        await turn()
        return String(statusCode)
      }),
    'an onError hook': (app) => app.addHook('onError', async () => void (await turn()))
  }
  for (const [what, prepare] of Object.entries(OTHERS)) {
    t.test(`${name}: no handler runs after a hook has answered, together with ${what}`, async (t) => {
      const { app, ran } = await local(t, prepare)
      for (const url of ['/text', '/stream']) {
        const { statusCode, body } = await app.inject(url)
        t.same({ statusCode, body }, { statusCode: 401, body: 'no' }, url)
      }
      const { statusCode, body } = await app.inject('/fails')
      t.equal(statusCode, 500)
      t.notMatch(body, /secret/)
      for (let at = 0; at < 5; at++) await turn()
      t.equal(ran(), 0)
    })
  }

  t.test(
    `${name}: a response goes out in the turn of reply.send(), so headers that are set later do not change it`,
    async (t) => {
      const { app } = await local(t, (app) => {
        const open = (reply: FastifyReply) => reply.header('cache-control', 'public').header('vary', 'accept')
        app.get('/at-once', ({ session }, reply) => {
          session.user = 'ada'
          reply.send('ok')
          open(reply)
        })
        app.get('/later', async ({ session }, reply) => {
          await turn()
          session.user = 'ada'
          reply.send('ok')
          open(reply)
        })
      })
      for (const url of ['/at-once', '/later']) {
        const { headers } = await app.inject(url)
        t.match(headers, { 'cache-control': 'no-store', vary: 'Cookie', 'set-cookie': /^session=[^;]/ }, url)
      }
    }
  )

  t.test(`${name}: simultaneous calls of one request run one after the other`, async (t) => {
    const more = (session: Session) => {
      session.n += 1
    }
    const { app } = await local(t, (app) => {
      app.get('/add', async ({ session }) => {
        session.n = 1
        await Promise.all([session.save(), session.update(more), session.update(more), session.save()])
        return session.data()
      })
      app.get('/end', async ({ session }) => {
        session.n = 1
        await Promise.all([session.save(), session.update(more), session.destroy()])
        return session.data()
      })
      app.get('/read', async ({ session }) => session.data())
    })
    const added = await app.inject('/add')
    t.same(added.json(), { n: 3 })
    const [{ value } = { value: '' }] = added.cookies
    t.same((await app.inject({ url: '/read', cookies: { session: value } })).json(), { n: 3 })
    const ended = await app.inject('/end')
    t.same(ended.json(), {})
    t.same(ended.cookies[0]?.value, '', 'the cookie is cleared')
  })

  t.test(`${name}: a save() that is not awaited is done before the response is sent`, async (t) => {
    const saved: unknown[] = []
    const { app } = await local(t, (app) => {
      const note = (saving: Promise<void>) =>
        saving.then(
          () => saved.push('saved'),
          (error) => saved.push(error)
        )
      app.get('/save', ({ session }, reply) => {
        session.user = 'ada'
        note(session.save())
        reply.send('ok')
      })
      app.get('/rotate', (request, reply) => {
        request.session.user = 'grace'
        request.session.regenerateId()
        note(request.session.save())
        reply.redirect('/')
      })
    })
    for (const url of ['/save', '/rotate']) t.match((await app.inject(url)).headers['set-cookie'], /^session=[^;]/, url)
    t.same(saved, ['saved', 'saved'])
  })
}
