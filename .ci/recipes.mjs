// Runs the recipes of docs/ for packages that are not devDependencies: installs each beside the packed
// package the way an application does, and uses what the page says to write.
//
//   node .ci/recipes.mjs PACKAGE.tgz [PART OF A NAME]

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const [tarball, wanted = ''] = process.argv.slice(2)
if (tarball === undefined) throw new Error('node .ci/recipes.mjs PACKAGE.tgz')
const docs = new URL('../docs/', import.meta.url)
const pages = readdirSync(docs, { recursive: true })
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(new URL(name, docs), 'utf8'))
const work = realpathSync(mkdtempSync(join(tmpdir(), 'starsessions-recipes-')))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** The block after `<!-- example: recipe NAME -->`. */
function recipe(name) {
  const [, after] = pages.join('\n').split(`<!-- example: recipe ${name} -->\n`)
  const code = /^```\w+\n([\s\S]*?)^```$/m.exec(after ?? '')?.[1]
  if (code === undefined) throw new Error(`docs/ has no recipe ${name}`)
  return code
}

/** An application's folder; each list of packages is one `npm install`. */
function application(name, type, ...installs) {
  const folder = join(work, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type }))
  for (const packages of installs) {
    const args = ['install', ...packages, '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return folder
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Starts the program, calls `use` with its origin, and stops it. */
async function serving(folder, file, use) {
  const env = { ...process.env, PORT: String(await freePort()) }
  const origin = `http://localhost:${env.PORT}`
  const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await fetch(origin)
        break
      } catch (error) {
        if (attempt === 300 || child.exitCode !== null) throw error
        await sleep(100)
      }
    }
    await use(origin)
  } finally {
    child.kill()
    await ended
  }
}

const post = (url, body, cookie = '') =>
  fetch(url, {
    method: 'POST',
    headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  })
const cookieOf = (response) => response.headers.getSetCookie()[0]?.split(';')[0]

async function nest(version, type) {
  const packages = ['core', 'common', 'platform-fastify'].map((name) => `@nestjs/${name}@${version}`)
  const others = ['reflect-metadata', 'rxjs', 'typescript@5.9', '@types/node@20']
  // As the page says: without `fastify`.
  const folder = application(`nest-${version}`, type, [...packages, ...others], [resolve(tarball)])
  writeFileSync(join(folder, 'main.ts'), recipe('nest.ts'))
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: folder, stdio: 'inherit' })
  await serving(folder, 'main.js', async (origin) => {
    const me = (cookie) => fetch(`${origin}/me`, { headers: { cookie } })
    assert.equal((await me('')).status, 403)
    assert.equal((await post(`${origin}/login`, { name: 'ada', password: 'wrong' })).status, 401)
    const login = await post(`${origin}/login`, { name: 'ada', password: 'open sesame' })
    assert.deepEqual(await login.json(), { user: 'ada' })
    assert.deepEqual(await (await me(cookieOf(login))).json(), { user: 'ada' })
    assert.equal((await post(`${origin}/logout`, undefined, cookieOf(login))).status, 204)
    assert.equal((await me(cookieOf(login))).status, 403)
  })
}

async function socketIo() {
  const folder = application('socket.io', 'module', [
    resolve(tarball),
    'fastify@5',
    'socket.io@4',
    'socket.io-client@4'
  ])
  writeFileSync(join(folder, 'app.js'), recipe('socket.io.js'))
  const { io } = await import(pathToFileURL(join(folder, 'node_modules/socket.io-client/build/esm/index.js')).href)
  await serving(folder, 'app.js', async (origin) => {
    const open = (cookie) => io(origin, { extraHeaders: { cookie }, forceNew: true, reconnection: false })
    const nobody = open('')
    const [{ message }] = await once(nobody, 'connect_error')
    assert.equal(message, 'log in first')

    const cookie = cookieOf(await post(`${origin}/login`))
    const socket = open(cookie)
    await once(socket, 'connect')
    assert.equal(await socket.emitWithAck('whoami'), 'ada')
    const disconnected = once(socket, 'disconnect')
    await post(`${origin}/logout`, undefined, cookie)
    await disconnected
    const again = open(cookie)
    assert.equal((await once(again, 'connect_error'))[0].message, 'log in first', 'the copied cookie is dead')
    for (const one of [nobody, socket, again]) one.close()
  })
}

/** The test of the page for each of its runners: each one differs from node:test in one line. */
const testOf = (line) => recipe('app.test.js').replace("import { test } from 'node:test'\n", line)

async function nodeTestAndTap() {
  const folder = application('tests', 'module', [resolve(tarball), 'fastify@5', 'tap@21'])
  writeFileSync(join(folder, 'app.js'), recipe('app.js'))
  writeFileSync(join(folder, 'app.test.js'), recipe('app.test.js'))
  const run = (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  assert.match(run('--test', '--test-reporter=tap'), /^# pass 2$/m)
  writeFileSync(join(folder, 'app.test.js'), testOf("import { test } from 'tap'\n"))
  assert.match(run('app.test.js'), /^# \{ total: 2, pass: 2 \}$|^1\.\.2$/m)
}

async function jest() {
  const folder = application('jest', 'commonjs', [
    resolve(tarball),
    'fastify@5',
    'jest@30',
    '@swc/jest@0.2',
    '@swc/core@1'
  ])
  const body = `test('a session', async () => {
    const app = Fastify()
    app.register(starsessions)
    app.get('/', async (request) => ({ user: (await request.loadSession()).user }))
    const cookie = await sessionCookie(app, { user: 'ada' })
    expect((await app.inject({ url: '/', headers: { cookie } })).json()).toEqual({ user: 'ada' })
    await app.close()
  })\n`
  const imports = `import Fastify from 'fastify'
    import starsessions from 'fastify-starsessions'
    import { sessionCookie } from 'fastify-starsessions/testing'\n`
  const requires = `const Fastify = require('fastify')
    const starsessions = require('fastify-starsessions')
    const { sessionCookie } = require('fastify-starsessions/testing')\n`
  writeFileSync(join(folder, 'jest.config.cjs'), recipe('jest.config.cjs'))
  writeFileSync(join(folder, 'app.js'), recipe('app.js'))
  writeFileSync(join(folder, 'app.test.js'), testOf(''))
  writeFileSync(join(folder, 'required.test.js'), requires + body)
  writeFileSync(join(folder, 'imported.test.mjs'), imports + body)
  writeFileSync(join(folder, 'typed.test.ts'), imports + body.replace('(request)', '(request: any)'))
  const report = join(folder, 'report.json')
  const args = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${report}`]
  execFileSync(process.execPath, args, { cwd: folder, stdio: 'inherit' })
  assert.equal(JSON.parse(readFileSync(report, 'utf8')).numPassedTests, 5)
}

/** The tests of a store, as the page shows them, over the store in memory. */
async function storeTests() {
  const folder = application('store-tests', 'module', [resolve(tarball), 'fastify@5', 'vitest@4'])
  const test = recipe('store.test.js')
  writeFileSync(join(folder, 'my-store.js'), "export { InMemoryStore as MyStore } from 'fastify-starsessions'\n")
  writeFileSync(join(folder, 'store.test.js'), test)
  const run = (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  const [, passed] = /^# pass (\d+)$/m.exec(run('--test', '--test-reporter=tap')) ?? []
  assert.ok(Number(passed) > 80, `${passed} tests`)
  writeFileSync(join(folder, 'store.test.js'), test.replace("'node:test'", "'vitest'"))
  const report = run('node_modules/vitest/vitest.mjs', 'run', '--testTimeout', '30000', '--reporter=json')
  const { numPassedTests, numFailedTests } = JSON.parse(report)
  assert.deepEqual({ numPassedTests, numFailedTests }, { numPassedTests: Number(passed), numFailedTests: 0 })
}

const RECIPES = {
  'the tests of a store, with node:test and vitest': storeTests,
  'NestJS 11, as CommonJS': () => nest(11, 'commonjs'),
  'NestJS 12, as an ES module': () => nest(12, 'module'),
  'socket.io': socketIo,
  'node:test and tap': nodeTestAndTap,
  Jest: jest
}
for (const [name, run] of Object.entries(RECIPES)) {
  if (!name.includes(wanted)) continue
  try {
    await run()
    console.log(`ok - ${name}`)
  } catch (error) {
    process.exitCode = 1
    console.log(`not ok - ${name}\n${error.stack}`)
  }
}
process.exit()
