// Installs the packed package the way an application does, and compiles and runs the programs of test/consumers/ with
// each TypeScript that the package promises to work with.
//
//   node .ci/consumers.mjs [PACKAGE.tgz]

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPESCRIPTS = ['5.9', '6.0', '7']
/** A secret for the first example. */
const SESSION_SECRET = 'for this check only: thirty-two bytes or more'

const ES_MODULES = [
  { module: 'nodenext' },
  { module: 'node20' },
  { module: 'node16' },
  { module: 'esnext', moduleResolution: 'bundler' }
]
/** TypeScript programs, and the settings with which they are to compile. */
const PROGRAMS = {
  'first-example.ts': ES_MODULES,
  'augmented.ts': ES_MODULES,
  'required.cts': [{ module: 'nodenext' }, { module: 'node20' }],
  'imported.cts': [{ module: 'node16' }],
  'transpiled.ts': [{ module: 'commonjs', moduleResolution: 'bundler' }]
}
/** TypeScript 5.9 has no `bundler` for CommonJS; 6.0 gives notice to `node10`, and 7 is without it. */
const NODE10 = { module: 'commonjs', moduleResolution: 'node10' }

const STRICTEST = {
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  esModuleInterop: true,
  // The package's declarations are checked as well, and so are Fastify's.
  skipLibCheck: false
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const work = realpathSync(mkdtempSync(join(tmpdir(), 'starsessions-consumers-')))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const npm = (...args) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: work, encoding: 'utf8' })

let failed = 0
function check(title, command, args, { env = process.env, cwd = work, expect } = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 })
  const output = `${stdout}${stderr}`
  const ok = expect === undefined ? status === 0 : status !== 0 && output.includes(expect)
  console.log(`${ok ? 'ok' : 'not ok'} - ${title}`)
  if (ok) return true
  failed++
  console.log(output.replace(/^/gm, '    '))
  return false
}

const withSecret = { ...process.env, SESSION_SECRET }
const { SESSION_SECRET: _, ...withoutSecret } = process.env

let [tarball] = process.argv.slice(2)
if (tarball === undefined) {
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', work], { cwd: root }))
  tarball = join(work, basename(packed.filename))
}

// JavaScript, without what is optional.
writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
npm('install', resolve(tarball), 'fastify@5')
for (const file of ['esm.mjs', 'cjs.cjs']) {
  cpSync(join(root, 'test/consumers', file), join(work, file))
  check(`${file}, without what is optional`, 'node', [file])
}
const program = join(work, 'node_modules/.bin/fastify-starsessions')
for (const kind of ['secret', 'fernet', 'aes-gcm', 'xchacha20']) check(`keygen ${kind}`, program, ['keygen', kind])
for (const kind of ['postgres', 'sqlite']) check(`schema ${kind}`, program, ['schema', kind])
check('--version', program, ['--version'])
check('keygen of an unknown kind', program, ['keygen', 'rsa'], { expect: 'unknown kind "rsa"' })
for (const name of ['better-sqlite3', 'ioredis', 'pg', 'postgres', 'sodium-native']) {
  if (existsSync(join(work, 'node_modules', name))) throw new Error(`${name} is not optional`)
}

// TypeScript.
const aliases = TYPESCRIPTS.map((version) => `typescript-${version}@npm:typescript@${version}`)
npm(
  'install',
  'ioredis@6',
  'pg@8',
  '@types/pg@8',
  'postgres@3',
  'better-sqlite3@12',
  '@types/better-sqlite3',
  '@types/node@20',
  ...aliases
)
const folderOf = (file) => (file === 'transpiled.ts' ? 'commonjs' : 'module')
for (const type of ['commonjs', 'module']) {
  mkdirSync(join(work, type))
  writeFileSync(join(work, type, 'package.json'), JSON.stringify({ private: true, type }))
}
for (const version of TYPESCRIPTS) {
  const tsc = join(work, 'node_modules', `typescript-${version}`, 'bin/tsc')
  for (const [file, settings] of Object.entries(PROGRAMS)) {
    const cwd = join(work, folderOf(file))
    cpSync(join(root, 'test/consumers', file), join(cwd, file))
    for (const setting of version === '5.9' && file === 'transpiled.ts' ? [NODE10] : settings) {
      const title = `${file}, TypeScript ${version}, ${Object.values(setting).join(' and ')}`
      const outDir = `${version}-${Object.values(setting).join('-')}`
      const compilerOptions = { ...STRICTEST, ...setting, outDir, rootDir: '.' }
      writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
      if (!check(`${title}: compiles`, 'node', [tsc, '-p', '.'], { cwd })) continue
      const output = join(outDir, file.replace(/ts$/, 'js'))
      check(`${title}: runs`, 'node', [output], { cwd, env: withSecret })
      if (file !== 'first-example.ts') continue
      const expect = 'is SESSION_SECRET set?'
      check(`${title}: names the variable that is not set`, 'node', [output], { cwd, env: withoutSecret, expect })
    }
  }
}

console.log(failed === 0 ? 'All consumers work' : `${failed} checks of consumers failed`)
process.exitCode = failed === 0 ? 0 : 1
