import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import flash from '@fastify/flash'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import starsessions, { CookieStore, InMemoryStore } from '../../lib/index.ts'
import type { SessionStore } from '../../types/store.ts'
import { newSignal } from '../support/signal.ts'
import { Visitor } from '../support/visitor.ts'

async function application(t: Test, store: SessionStore = new InMemoryStore()) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { store, autoload: true })
  await app.register(flash)
  app.get('/', async (_, reply) => reply.flash())
  app.get('/errors', async (_, reply) => reply.flash('error'))
  app.get('/data', async ({ session }) => session.data())
  app.post('/', async (request, reply) => {
    request.flash('info', 'Saved.')
    request.flash('error', ['One.', 'Two.'])
    return reply.redirect('/', 303)
  })
  app.post('/login', async ({ session }) => Object.assign(session, { user: 'ada' }))
  app.post<{ Params: { status: string } }>('/:status', async (request, reply) => {
    request.flash('info', 'Saved.')
    return reply.code(Number(request.params.status)).send()
  })
  return app
}

const stores: Record<string, () => SessionStore> = {
  memory: () => new InMemoryStore(),
  cookie: () => new CookieStore({ secretKey: 's'.repeat(32) })
}
for (const [name, store] of Object.entries(stores)) {
  t.test(`a message is shown once, on the next page (${name} store)`, async (t) => {
    const visitor = new Visitor(await application(t, store()))
    t.equal((await visitor.send('POST /')).status, 303)
    t.same((await visitor.send('GET /errors')).json(), ['One.', 'Two.'])
    t.same((await visitor.send('GET /')).json(), { info: ['Saved.'] })
    t.same((await visitor.send('GET /')).json(), {})
    t.same((await visitor.send('GET /errors')).json(), [])
  })

  t.test(`reading messages without a session makes no session and sets no cookie (${name} store)`, async (t) => {
    const inUse = store()
    const visitor = new Visitor(await application(t, inUse))
    for (const url of ['/', '/errors']) {
      const { lines, headers } = await visitor.send(`GET ${url}`)
      t.same(lines, [], url)
      t.equal(headers['cache-control'], undefined)
    }
    if (inUse instanceof InMemoryStore) t.equal(inUse.size, 0)
  })
}

t.test('reading messages in a session adds an empty object, which is written once', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('POST /login')
  for (const _ of [1, 2]) await visitor.send('GET /')
  t.same((await visitor.send('GET /data')).json(), { user: 'ada', flash: {} })
})

t.test('a message in a response of 500 and above is lost, like any other change', async (t) => {
  const visitor = new Visitor(await application(t))
  await visitor.send('POST /500')
  t.same((await visitor.send('GET /')).json(), {})
  await visitor.send('POST /404')
  t.same((await visitor.send('GET /')).json(), { info: ['Saved.'] })
})

t.test('two requests at once overwrite each other’s message; update() keeps both', async (t) => {
  const app = await application(t)
  let arrived = 0
  let both = newSignal()
  const meet = async () => {
    const { given, give } = both
    if (++arrived % 2 === 0) {
      both = newSignal()
      give()
    }
    await given
  }
  app.post<{ Params: { text: string } }>('/at-once/:text', async (request) => {
    await meet()
    request.flash('info', request.params.text)
    return {}
  })
  app.post<{ Params: { text: string } }>('/updating/:text', async (request) => {
    await meet()
    await request.session.update(() => request.flash('info', request.params.text))
    return {}
  })
  for (const [url, count] of [
    ['/at-once', 1],
    ['/updating', 2]
  ] as const) {
    const visitor = new Visitor(app)
    await visitor.send('POST /login')
    await Promise.all(['one', 'two'].map((text) => visitor.send(`POST ${url}/${text}`)))
    t.equal((await visitor.send('GET /')).json().info.length, count, url)
  }
})

t.test('the types of @fastify/flash include those of @fastify/secure-session; "paths" keeps them out', async (t) => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const folder = t.testdir({
    'app.ts': `import flash from '@fastify/flash'
      import Fastify from 'fastify'
      import starsessions from 'fastify-starsessions'
      const app = Fastify()
      await app.register(starsessions, { autoload: true })
      await app.register(flash)
      app.get('/', async ({ session }, reply) => [session.isNew, reply.flash()])`,
    'secure-session.d.ts': 'export interface SessionData {}',
    'package.json': '{ "type": "module" }'
  })
  const compile = async (paths: Record<string, string[]>) => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
      paths: { 'fastify-starsessions': [join(root, 'dist/lib/index.d.ts')], ...paths }
    }
    const project = join(folder, 'tsconfig.json')
    await writeFile(project, JSON.stringify({ compilerOptions, files: ['app.ts'] }))
    // tap sets NODE_OPTIONS for child processes, and the compiler does not start with these options.
    const tsc = `unset NODE_OPTIONS; exec "${join(root, 'node_modules/.bin/tsc')}" -p "$0"`
    return promisify(execFile)('sh', ['-c', tsc, project]).then(
      () => '',
      (error) => String(error.stdout || error)
    )
  }
  t.match(await compile({}), /TS2717/)
  t.equal(await compile({ '@fastify/secure-session': ['./secure-session.d.ts'] }), '')
})
