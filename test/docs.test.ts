// This test executes README.md, CONTRIBUTING.md, SECURITY.md and docs/. Each code block of ts, js and cjs is a module:
// the test compiles it, runs it and sends it real requests. An HTML comment before a block, which no reader sees, says
// which requests:
//
//   <!-- example: CONTEXT
//   METHOD /path [JSON body | form JSON fields] -> STATUS [JSON body | text]
//   WS /path "TEXT" -> "TEXT" | CODE   (opens a socket and sends TEXT; expects an answer, or the code of the close)
//   max-age SECONDS | none             (checks the session cookie that the last answer has set)
//   header NAME VALUE | none           (checks a header of the last answer)
//   send NAME VALUE                    (adds a header to all later requests)
//   later SECONDS                      (moves the clock of this process)
//   redis hangs MILLISECONDS           (Redis answers nothing for this time, from now on)
//   -->
//
// CONTEXT is one of these:
// - nothing: the block is a whole program
// - a key of `CONTEXTS` below: the test puts code around the block
// - `serve FILE`, for a block of sh: the commands run while the program FILE serves. Lines `prints TEXT` or
//   `prints /REGEXP/` of the comment say what the commands print, in this order. FILE is an example, or the name under
//   which the same page says to save a block ("Save it as `FILE`").
// - `recipe NAME`: the block needs packages that are not installed here, and .ci/recipes.mjs runs it
//
// Requests of one block share a cookie jar. "<name>" in an expected body accepts any text, and stands for the same text
// in later requests. In other blocks of sh, the test only checks that the commands exist. Blocks of `UNCHECKED` languages
// are not checked. To run only the blocks of some pages, put a part of their paths into the environment:
//
//   PAGES=guide/login npx tap run --disable-coverage --reporter=terse test/docs.test.ts

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { createInterface } from 'node:readline'
import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { CookieJar } from './support/cookie-jar.ts'
import {
  anchorsOf,
  type Block,
  blocksOf,
  EXAMPLES,
  linksOf,
  PAGES,
  root,
  tablesOf,
  WRITTEN_PAGES
} from './support/pages.ts'
import { startPostgres } from './support/postgres-server.ts'
import { RedisCluster } from './support/redis-cluster.ts'
import { othersHaveGone } from './support/redis-connections.ts'
import { RedisSentinels } from './support/redis-sentinel.ts'
import { startRedis } from './support/redis-server.ts'
import { nodes } from './support/redis-topologies.ts'
import { TYPESCRIPT } from './support/typescript.ts'
import { WebSocket } from './support/websocket.ts'

type Tap = typeof t

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const run = promisify(execFile)

if (!existsSync(join(root, 'dist/lib/index.js'))) throw new Error('dist/ is missing: run `npm run build` first')

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false
)

const countingVisits = {
  after: `app.get('/', async (request) => {
      const session = await request.loadSession()
      session.visits = (session.visits ?? 0) + 1
      return { visits: session.visits }
    })\n`,
  exchanges: ['GET / -> 200 {"visits":1}', 'GET / -> 200 {"visits":2}']
}

/** The code before and after a block, and the requests that every block of this context is sent. */
const CONTEXTS: Record<string, { before: string; after: string; exchanges?: string[] }> = {
  '': { before: '', after: '' },
  app: { before: "import Fastify from 'fastify'\nconst app = Fastify()\n", after: '' },
  'app, counting visits': { before: "import Fastify from 'fastify'\nconst app = Fastify()\n", ...countingVisits },
  'app with a cluster, counting visits': {
    before: `import Fastify from 'fastify'
      const app = Fastify()
      const nodes: { host: string, port: number }[] = JSON.parse(process.env.CLUSTER!)\n`,
    ...countingVisits
  },
  'app with Sentinel, counting visits': {
    before: `import Fastify from 'fastify'
      const app = Fastify()
      const sentinels: { host: string, port: number }[] = JSON.parse(process.env.SENTINELS!)\n`,
    ...countingVisits
  },
  handler: {
    before: `import Fastify from 'fastify'
      import starsessions from 'fastify-starsessions'
      const app = Fastify()
      await app.register(starsessions)
      app.get('/', async (request) => {
        const session = await request.loadSession()\n`,
    after: '  return session\n})\n',
    exchanges: ['GET / -> 200', 'GET / -> 200']
  },
  // Gives an Express application the members of a Fastify application that this test uses.
  express: {
    before: "import { createServer } from 'node:http'\nimport express from 'express'\nconst app = express()\n",
    after: `const server = createServer(app)
      Object.defineProperties(app, {
        server: { value: server },
        listen: { value: ({ port, host }) => new Promise((resolve) => server.listen(port, host, resolve)) },
        listeningOrigin: { get: () => 'http://127.0.0.1:' + server.address().port },
        close: { value: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) }
      })\n`
  }
}

/** Languages of blocks that nothing runs: pictures, data, other languages, what a program prints. */
const UNCHECKED = ['mermaid', 'json', 'jsonc', 'yaml', 'text', 'diff', 'http', 'nginx', 'conf', 'sql', 'python', 'html']

const wanted = (process.env.PAGES ?? '').split(',')
const allBlocks = WRITTEN_PAGES.flatMap(blocksOf)
const blocks = allBlocks.filter(({ file }) => wanted.some((part) => file.includes(part)))
const recipes = blocks.filter(({ context }) => context.startsWith('recipe '))
const programs = blocks.filter((block) => ['ts', 'js', 'cjs'].includes(block.language) && !recipes.includes(block))
const shells = blocks.filter(({ language }) => language === 'sh')

/** The source of the module for a block. It exports `app` if the block or its context makes one. */
function moduleOf({ title, language, code, context }: Block): string {
  const around = CONTEXTS[context]
  if (around === undefined) throw new Error(`${title}: unknown context "${context}"`)
  const text = around.before + code + around.after
  if (!/\bconst app =/.test(text)) return `${text}\n${language === 'cjs' ? '' : 'export {}'}\n`
  return `${text}\n${language === 'cjs' ? 'module.exports = { app }' : 'export { app }'}\n`
}

/** Makes a folder outside the project that looks like the folder of an application. */
async function applicationFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'starsessions-readme-')))
  const link = async (name: string, target: string) => {
    const path = join(folder, 'node_modules', name)
    await mkdir(dirname(path), { recursive: true })
    await symlink(target, path)
  }
  await link(manifest.name, root)
  const plugins = Object.keys(manifest.devDependencies).filter((name) => name.startsWith('@fastify/'))
  // For programs of other libraries in docs/migrate/, and for stores of express-session.
  const others = [
    '@fastify/cookie',
    'express',
    'express-session',
    'iron-session',
    'connect-redis',
    'session-file-store'
  ]
  const types = ['@types/express-session', '@types/session-file-store']
  for (const name of [
    'fastify',
    'ioredis',
    'iovalkey',
    'better-sqlite3',
    'msgpackr',
    'pg',
    'postgres',
    'redis',
    '@types/better-sqlite3',
    '@types/pg',
    'ws',
    '@types/node',
    ...plugins,
    ...others,
    ...types
  ])
    await link(name, join(root, 'node_modules', name))
  // docs/ecosystem.md tells applications with @fastify/flash to add this file.
  await writeFile(join(folder, 'secure-session.d.ts'), 'export interface SessionData {}')
  await mkdir(join(folder, 'pages'))
  await writeFile(join(folder, 'pages/home.html'), '<p>{{user}}</p>')
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  return folder
}

const folder = await applicationFolder()
t.teardown(() => rm(folder, { recursive: true, force: true }))

const redis = await startRedis()
t.teardown(() => redis.stop())
const redisUrl = `redis://127.0.0.1:${redis.port}`
const observer = new Redis(redisUrl)
t.teardown(() => observer.quit())

const postgres = await startPostgres()
t.teardown(() => postgres.stop())
const { user, host, port, database } = postgres.connection

const sentinels = await RedisSentinels.start()
t.teardown(() => sentinels.stop())

const cluster = await RedisCluster.start()
t.teardown(() => cluster.stop())

const key = (byte: number) => Buffer.alloc(32, byte).toString('base64url')
const SETTINGS = {
  PORT: '0',
  REDIS_URL: redisUrl,
  SESSIONS_FILE: join(folder, 'sessions.db'),
  DATABASE_URL: `postgres://${user}@${host}:${port}/${database}`,
  CLUSTER: JSON.stringify(nodes(cluster.ports)),
  SENTINELS: JSON.stringify(nodes(sentinels.ports)),
  SESSION_SECRET: key(1),
  SESSION_SECRET_OLD: key(2),
  SESSION_KEY: key(3),
  SESSION_KEY_OLD: key(4)
}
Object.assign(process.env, SETTINGS)

const files = await Promise.all(
  programs.map(async (block, index) => {
    const file = join(folder, `block-${index}.${block.language}`)
    await writeFile(file, moduleOf(block))
    return file
  })
)

t.test('the pages have code blocks, and this test checks each of their languages', async (t) => {
  t.ok(PAGES.length >= 3)
  t.ok(programs.length + shells.length > 0)
  t.same(
    blocks
      .filter((block) => ![programs, shells, recipes].some((checked) => checked.includes(block)))
      .filter(({ language }) => !UNCHECKED.includes(language))
      .map(({ title }) => title),
    []
  )
  const script = readFileSync(join(root, '.ci/recipes.mjs'), 'utf8')
  for (const { context } of recipes) t.match(script, `recipe('${context.slice('recipe '.length)}')`, context)
  for (const { file, text } of WRITTEN_PAGES) {
    const found = allBlocks.filter((block) => block.file === file).length
    t.equal(text.match(/^ *```/gm)?.length ?? 0, 2 * found, `each code block of ${file} is found`)
    const examples = text.match(/^<!-- example/gm)?.length ?? 0
    t.equal(text.match(/<!--/g)?.length ?? 0, examples, `each HTML comment of ${file} is one for this test`)
  }
})

t.test('each block compiles with the compiler options of an application', async (t) => {
  // A declaration for a module holds for a whole program, so each block with one is compiled as a program of its own.
  const isDeclaring = (file: string) => readFileSync(file, 'utf8').includes('declare module')
  const groups = [files.filter((file) => !isDeclaring(file)), ...files.filter(isDeclaring).map((file) => [file])]
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    verbatimModuleSyntax: true,
    allowJs: true,
    noEmit: true,
    skipLibCheck: true,
    // The types of both declare `request.session`, so they must not take part.
    paths: { '@fastify/secure-session': ['./secure-session.d.ts'], '@fastify/session': ['./secure-session.d.ts'] }
  }
  const projects: string[] = []
  for (const group of groups.filter((group) => group.length > 0)) {
    const project = join(folder, `tsconfig.${projects.length}.json`)
    await writeFile(project, JSON.stringify({ compilerOptions, files: group }))
    projects.push(project)
  }
  // tap sets NODE_OPTIONS for each child process. The compiler does not start with these options, so a shell unsets them.
  const tsc = `unset NODE_OPTIONS; exec "${join(root, 'node_modules/.bin/tsc')}" -b "$@"`
  const failed = await run('sh', ['-c', tsc, 'sh', ...projects]).then(
    () => '',
    (error) => String(error.stdout || error)
  )
  const named = failed.replace(/\bblock-(\d+)\.\w+/g, (name, at) => `${programs[at]?.title} as ${name}`)
  t.equal(named, '', `${files.length} blocks in ${projects.length} programs`)
})

for (const [index, block] of programs.entries()) {
  t.test(`${block.title} runs`, async (t) => {
    const loaded = await import(pathToFileURL(files[index]!).href)
    const app: FastifyInstance | undefined = (loaded.default ?? loaded).app
    const exchanges = [...(CONTEXTS[block.context]?.exchanges ?? []), ...block.expected]
    if (app === undefined) {
      t.same(exchanges, [], 'a block without an app has no requests to answer')
    } else {
      if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
      const visitor: Visitor = {
        origin: app.listeningOrigin,
        jar: new CookieJar(),
        known: new Map(),
        sends: {},
        headers: new Headers()
      }
      for (const exchange of exchanges) await check(t, visitor, exchange)
      mock.timers.reset()
      await app.close()
    }
    t.ok(await othersHaveGone(observer), 'the Redis client of the block is closed')
  })
}

interface Visitor {
  readonly origin: string
  readonly jar: CookieJar
  /** The texts found for "<name>". */
  readonly known: Map<string, string>
  /** The headers that all requests have. */
  readonly sends: Record<string, string>
  /** The headers of the last answer. */
  headers: Headers
}

/** `WS /path "TEXT" -> "TEXT" | CODE` */
async function checkSocket(t: Pick<Tap, 'equal'>, { origin, jar }: Visitor, exchange: string) {
  const parts = /^WS (\S+) (".*") -> (".*"|\d{4})$/.exec(exchange)
  if (parts === null) throw new Error(`"${exchange}" is not WS /path "TEXT" -> "TEXT" | CODE`)
  const [, path = '', sent = '', expected = ''] = parts
  const socket = new WebSocket(origin.replace('http', 'ws') + path, { headers: { cookie: jar.header() } })
  try {
    await once(socket, 'open')
    socket.send(JSON.parse(sent))
    const found = await Promise.race([
      once(socket, 'message').then(([data]) => String(data)),
      once(socket, 'close').then(([code]) => code),
      sleep(5000, 'nothing for 5 seconds', { ref: false })
    ])
    t.equal(found, JSON.parse(expected), exchange)
  } finally {
    socket.terminate()
  }
}

/** Sends one request and checks the answer, or checks the last answer. The comment at the top has the syntax. */
async function check(t: Pick<Tap, 'equal' | 'same'>, visitor: Visitor, exchange: string) {
  if (exchange.startsWith('WS ')) return checkSocket(t, visitor, exchange)
  const { origin, jar, known, sends } = visitor
  const filled = (text: string) => text.replace(/<(\w+)>/g, (_, name: string) => known.get(name) ?? '')
  const age = /^max-age (.+)$/.exec(exchange)?.[1]
  if (age !== undefined) return void t.equal(jar.attribute('session', 'max-age') ?? 'none', age, exchange)
  const [, name = '', value] = /^header (\S+) (.+)$/.exec(exchange) ?? []
  if (value !== undefined) return void t.equal(visitor.headers.get(name) ?? 'none', value, exchange)
  const [, field = '', sentValue] = /^send (\S+) (.+)$/.exec(exchange) ?? []
  if (sentValue !== undefined) return void (sends[field] = filled(sentValue))
  const seconds = /^later (\d+)$/.exec(exchange)?.[1]
  if (seconds !== undefined) return later(Number(seconds))
  const pause = /^redis hangs (\d+)$/.exec(exchange)?.[1]
  if (pause !== undefined) return void (await observer.client('PAUSE', Number(pause), 'ALL'))
  const parts = /^(\w+) (\S+)(?: (form))?(?: (.+))? -> (\d{3})(?: (.+))?$/.exec(exchange)
  if (parts === null)
    throw new Error(`"${exchange}" is not METHOD /path [JSON body | form JSON fields] -> STATUS [JSON body | text]`)
  const [, method = '', path = '', form, sent, status, body] = parts
  const isJson = sent !== undefined && form === undefined
  const headers = { ...sends, cookie: jar.header(), ...(isJson && { 'content-type': 'application/json' }) }
  const text = sent === undefined ? undefined : filled(sent)
  const payload = form === undefined ? text : multipart(JSON.parse(text ?? '{}'))
  const init = { method, headers, redirect: 'manual', ...(payload !== undefined && { body: payload }) } as const
  const response = await fetch(origin + path, init)
  jar.take(response)
  visitor.headers = response.headers
  const answer = await response.text()
  t.equal(response.status, Number(status), `${exchange}: ${answer}`)
  if (body === undefined) return
  if (!/^[{["]/.test(body)) return void t.equal(answer, body, exchange)
  const found = JSON.parse(answer)
  const named = JSON.parse(body, (key, value) => {
    const name = /^<(\w+)>$/.exec(value)?.[1]
    if (name === undefined) return value
    known.set(name, found[key])
    return found[key]
  })
  t.same(found, named, exchange)
}

/** Moves the clock. `mock.timers.reset()` undoes it. */
function later(seconds: number) {
  const now = Date.now() + seconds * 1000
  mock.timers.reset()
  mock.timers.enable({ apis: ['Date'], now })
}

/** A form with these fields, in the encoding that can upload files. */
function multipart(fields: Record<string, string>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return form
}

t.test('the commands on the pages', { jobs: 4, timeout: 120_000 }, async (t) => {
  for (const block of shells) {
    const { title, context } = block
    if (context === '') {
      t.test(`${title}: each command exists`, { buffered: true }, async (t) => {
        for (const command of commandsOf(block)) await checkCommand(t, block, command)
      })
    } else {
      const skip = hasCurl ? false : 'curl is not installed'
      t.test(`${title}: ${context}`, { buffered: true, skip }, (t) => checkServed(t, block))
    }
  }
})

/** The lines of a block of sh, without comments and empty lines. */
const linesOf = ({ code }: Block) => code.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** The commands of a block of sh. `\` at the end of a line continues it. */
const commandsOf = (block: Block) =>
  linesOf(block)
    .join('\n')
    .replace(/ *\\\n */g, ' ')
    .split('\n')
    .flatMap((line) => line.replace(/ # .*$/, '').split(' && '))

/** Runs the commands of a block while its program serves, and checks what they print. */
async function checkServed(t: Pick<Tap, 'ok'>, block: Block) {
  const { context, expected } = block
  const [, name = ''] = /^serve (\S+)$/.exec(context) ?? []
  const file = savedAs(name, block) ?? join(root, name)
  if (name === '' || !existsSync(file)) throw new Error(`${context}: no such program`)
  const server = spawn(process.execPath, [TYPESCRIPT, file], {
    cwd: root,
    env: { ...process.env, ...SETTINGS },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(server, 'exit')
  let port: string | undefined
  for await (const line of createInterface(server.stdout)) {
    port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port !== undefined) break
  }
  t.ok(port, 'the program prints its URL')
  server.stdout.resume()
  const jar = await mkdtemp(join(folder, 'jar-'))
  const script = linesOf(block)
    .join('\n')
    .replace(/(http:\/\/[\w.]+):3000/g, `$1:${port}`)
  const env = { ...process.env, no_proxy: '*' }
  const { stdout } = await run('sh', ['-ec', script], { cwd: jar, env })
  server.kill()
  await ended
  let rest = stdout
  for (const line of expected) {
    const [, text = ''] = /^prints (.+)$/.exec(line) ?? []
    const pattern = /^\/(.+)\/$/.exec(text)?.[1] ?? text.replace(/\W/g, '\\$&')
    const found = text === '' ? null : new RegExp(pattern, 'm').exec(rest)
    t.ok(found, line, { printed: rest })
    rest = rest.slice((found?.index ?? 0) + (found?.[0].length ?? 0))
  }
}

/** The file of the block that the same page says to save under this name: the last program before "Save it as". */
function savedAs(name: string, { file: page }: Block): string | undefined {
  const text = PAGES.find(({ file }) => file === page)?.text ?? ''
  const at = text.indexOf(`Save it as \`${name}\``)
  if (at === -1) return undefined
  const line = text.slice(0, at).split('\n').length
  const before = programs.filter((block) => block.file === page && block.line < line)
  return files[programs.indexOf(before.at(-1)!)]
}

/** Programs that a page may call. The test does not run them. */
const ANY_COMMAND = ['curl', 'git', 'cd', 'redis-server']

async function checkCommand(t: Pick<Tap, 'ok' | 'fail'>, block: Block, command: string) {
  const [program = '', ...args] = command.replace(/^(\w+=(\$\(.*?\)|\S*) )+/, '').split(' ')
  const [verb = '', name = ''] = args
  const isFile = (file: string | undefined) => file !== undefined && existsSync(join(root, file))
  if (program === 'npm' && verb === 'ci') t.ok(isFile('package-lock.json'), command)
  else if (program === 'npm' && verb === 'test') t.ok(manifest.scripts.test, command)
  else if (program === 'npm' && verb === 'run') t.ok(manifest.scripts[name], command)
  else if (program === 'npm' && verb === 'install') {
    const known = { ...manifest.peerDependencies, ...manifest.devDependencies, [manifest.name]: '' }
    for (const name of args.slice(1)) t.ok(name.startsWith('-') || name.replace(/(?<=.)@.*$/, '') in known, name)
  } else if (program === 'npx' && verb === manifest.name) {
    // The command prints a key of 16 bytes or more.
    const { stdout } = await run(process.execPath, [join(root, manifest.bin), ...args.slice(1)], { cwd: folder })
    t.ok(Buffer.from(stdout.trim(), 'base64url').length >= 16, command)
  } else if (program === 'npx') {
    const files = args.filter((word) => /\.(ts|mjs)$/.test(word))
    t.ok(isFile(`node_modules/.bin/${verb}`) && files.every(isFile), command)
  } else if (program === 'redis-cli') {
    // test/redis/acl.test.ts tests the rights of the user that ACL SETUSER makes.
    const words = [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word).slice(1)
    if (words[0]?.startsWith('-')) return
    const answer = await observer.call(...(words as [string])).catch((error: Error) => error)
    t.ok(!(answer instanceof Error), `${command}: ${answer}`)
  } else if (program === 'node') {
    const file = args.findLast((word) => !word.startsWith('-'))
    // TypeScript makes an .mjs file of an .mts file.
    const sources = [file ?? '', (file ?? '').replace(/\.mjs$/, '.mts')]
    t.ok(isFile(file) || sources.some((source) => savedAs(source, block) !== undefined), command)
  } else if (program === 'bash' || program === 'sh') t.ok(isFile(verb), command)
  else if (program.startsWith('.')) t.ok(isFile(program), command)
  else if (!ANY_COMMAND.includes(program)) t.fail(`${command}: teach this test to check ${program}`)
}

/** What `files` of package.json puts into the package, besides what npm always adds. */
const packed = ['README.md', 'LICENSE', 'package.json', ...(manifest.files as string[])]
const isPacked = (file: string) => {
  const isIn = (entry: string) => file === entry || file.startsWith(`${entry}/`)
  return packed.some(isIn) && !packed.some((entry) => entry.startsWith('!') && isIn(entry.slice(1)))
}

for (const { file, text } of PAGES) {
  t.test(`each link of ${file} leads to an existing file and heading, also in the installed package`, async (t) => {
    for (const target of linksOf(text)) {
      if (/^(https|mailto):/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const linked = path === '' ? file : posix.join(posix.dirname(file), path).replace(/\/$/, '')
      const isThere = existsSync(join(root, linked))
      t.ok(isThere && isPacked(linked), `${target} is ${isThere ? 'in the package: see "files"' : 'there'}`)
      if (anchor === undefined || !isThere || statSync(join(root, linked)).isDirectory()) continue
      t.ok(anchorsOf(readFileSync(join(root, linked), 'utf8')).has(anchor), `${target} is the anchor of a heading`)
    }
  })
}

t.test('docs/README.md leads to every page of docs/', async (t) => {
  const map = 'docs/README.md'
  // The index of a folder may lead to the pages of the folder.
  const reached = new Set([map])
  for (const file of reached) {
    const text = PAGES.find((page) => page.file === file)?.text ?? ''
    const isIndex = posix.basename(file) === 'README.md'
    const links = isIndex ? linksOf(text) : []
    for (const target of links) reached.add(posix.join(posix.dirname(file), target.replace(/#.*/, '')))
  }
  const pages = PAGES.map(({ file }) => file).filter((file) => file.startsWith('docs/'))
  t.ok(pages.length > 30)
  t.same(
    pages.filter((file) => !reached.has(file)),
    []
  )
})

const source = (file: string) => readFileSync(join(root, file), 'utf8')

/** The names that an interface declares, found in the source text of the interface. */
function membersOf(file: string, name: string): string[] {
  const opening = new RegExp(`^( *)(?:export )?interface ${name}\\b.*\\{\\n([\\s\\S]*?)^\\1\\}`, 'm')
  const [, indent = '', body = ''] = source(file).match(opening) ?? []
  const member = new RegExp(`^${indent}  (?:readonly )?(\\w+)\\??[:(<]`, 'gm')
  return [...new Set([...body.matchAll(member)].map(([, name = '']) => name))]
}

t.test('a page has a table with exactly these names', async (t) => {
  const tables = WRITTEN_PAGES.flatMap(tablesOf)
  const tabulated = {
    options: membersOf('types/options.ts', 'StarsessionsOptions'),
    'options of the cookie': membersOf('types/options.ts', 'CookieOptions'),
    'members of a session': membersOf('types/session.ts', 'SessionMembers'),
    errors: [...source('lib/errors.ts').matchAll(/'(FST_SESSION_\w+)'/g)].map(([, code = '']) => code)
  }
  for (const [what, expected] of Object.entries(tabulated)) {
    t.ok(expected.length > 0, what)
    const foreign = (names: readonly string[]) => names.filter((name) => !expected.includes(name)).length
    const missing = (names: readonly string[]) => expected.filter((name) => !names.includes(name)).length
    const distance = ({ names }: { names: readonly string[] }) => foreign(names) + missing(names)
    const nearest = tables.reduce((a, b) => (distance(b) < distance(a) ? b : a))
    t.same([...nearest.names].sort(), [...expected].sort(), `${what}: the nearest table is ${nearest.title}`)
  }
})

t.test('a page names all of these', async (t) => {
  const named = {
    'members of a store': membersOf('types/store.ts', 'SessionStore'),
    'options of InMemoryStore': membersOf('types/stores.ts', 'InMemoryStoreOptions'),
    'options of CookieStore': ['SignedCookieOptions', 'SealedCookieOptions', 'CommonCookieOptions'].flatMap((name) =>
      membersOf('types/stores.ts', name)
    ),
    'options of RedisStore': membersOf('types/stores.ts', 'RedisStoreOptions'),
    'options of AESGCMEncryptor': membersOf('types/encryptor.ts', 'AESGCMOptions'),
    'members of a request': membersOf('types/fastify.ts', 'FastifyRequest')
  }
  for (const [what, names] of Object.entries(named)) {
    t.ok(names.length > 0, what)
    const missing = WRITTEN_PAGES.map(({ file, text }) => ({
      file,
      names: names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
    }))
    const nearest = missing.reduce((a, b) => (b.names.length < a.names.length ? b : a))
    t.same(nearest.names, [], `${what}: the nearest page is ${nearest.file}`)
  }
})

t.test('the pages together name each export and link to each example', async (t) => {
  const text = WRITTEN_PAGES.map(({ text }) => text).join('\n')
  const exported = Object.keys(await import('../lib/index.ts')).filter((name) => /^[A-Z]/.test(name))
  t.ok(exported.length > 5)
  for (const name of exported) t.match(text, new RegExp(`\\b${name}\\b`), name)
  t.ok(EXAMPLES.length > 5)
  for (const name of EXAMPLES) t.ok(text.includes(`examples/${name})`), name)
})
