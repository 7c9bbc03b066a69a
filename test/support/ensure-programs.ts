// The tests start programs that npm does not install. `npm test` and `.ci/run` run this file first. On Debian it installs
// a missing program. On other systems it says in one line what to do.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Program {
  /** Names in PATH, or paths. The first one that runs is used. */
  readonly names: readonly string[]
  /** The environment variable that may name another program or path. */
  readonly variable: string
  readonly debian: string
  readonly macos: string
}

const REDIS: Program = {
  names: ['redis-server'],
  variable: 'REDIS_SERVER',
  debian: 'redis-server',
  macos: 'brew install redis'
}

const CHROMIUM: Program = {
  names: [
    'chromium',
    'google-chrome',
    'chromium-browser',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  ],
  variable: 'CHROMIUM',
  debian: 'chromium',
  macos: 'brew install --cask chromium'
}

/** Debian and Homebrew keep the programs of a PostgreSQL server outside of PATH. */
const POSTGRES: Program = {
  names: [...installed('/usr/lib/postgresql'), 'postgres', '/opt/homebrew/opt/postgresql@17/bin/postgres'],
  variable: 'POSTGRES',
  debian: 'postgresql',
  macos: 'brew install postgresql@17'
}

const PGBOUNCER: Program = {
  names: ['pgbouncer', '/usr/sbin/pgbouncer'],
  variable: 'PGBOUNCER',
  debian: 'pgbouncer',
  macos: 'brew install pgbouncer'
}

const ALL = [REDIS, CHROMIUM, POSTGRES, PGBOUNCER]

const succeeds = (command: string, args: string[], env = process.env) =>
  spawnSync(command, args, { stdio: 'ignore', env }).status === 0

function find({ names, variable }: Program): string | undefined {
  const given = process.env[variable]
  const folders = (process.env.PATH ?? '').split(delimiter)
  const pathsOf = (name: string) => (name.includes('/') ? name : folders.map((folder) => join(folder, name)))
  return (given ? [given] : names).flatMap(pathsOf).find((path) => succeeds(path, ['--version']))
}

/** The paths of the PostgreSQL servers in a folder with a folder for each version, the newest version first. */
function installed(folder: string): string[] {
  if (!existsSync(folder)) return []
  const versions = readdirSync(folder).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(folder, version, 'bin/postgres'))
}

function pathOf(program: Program): string {
  const path = find(program)
  if (path === undefined) throw new Error(remedy([program]))
  return path
}

/** The path of a Chromium or Chrome that runs. */
export const chromiumPath = (): string => pathOf(CHROMIUM)

/** The path of a program of the PostgreSQL server, such as `initdb`. In PATH there may be links to some of them. */
export const postgresProgram = (name: string): string => join(dirname(realpathSync(pathOf(POSTGRES))), name)

export const pgbouncerPath = (): string => pathOf(PGBOUNCER)

/** Installs programs, except those that a variable names. A user who is not root installs only on a CI server, with sudo. */
function install(programs: readonly Program[]) {
  const packages = programs.filter(({ variable }) => !process.env[variable]).map(({ debian }) => debian)
  const asRoot = process.getuid?.() === 0 ? [] : process.env.CI ? ['sudo', '-n'] : undefined
  if (packages.length === 0 || asRoot === undefined || !succeeds('apt-get', ['--version'])) return
  console.log(`The tests need ${packages.join(' and ')}: installing with apt-get, which takes a minute or two`)
  const aptGet = (...args: string[]) => {
    const [command = '', ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]
    return succeeds(command, rest)
  }
  aptGet('update')
  for (const name of packages) aptGet('install', '-y', '--no-install-recommends', name)
}

function remedy(missing: readonly Program[]): string {
  const found = missing.map(({ names, variable }) => process.env[variable] || names.find((name) => !name.includes('/')))
  const debian = missing.map(({ debian }) => debian).join(' ')
  const macos = missing.map(({ macos }) => macos).join(' && ')
  const variables = missing.map(({ variable }) => variable)
  const [its, path] = missing.length === 1 ? ['its', 'path'] : ['their', 'paths']
  return (
    `The tests need ${found.join(' and ')}, which cannot be started here. ` +
    `Debian: apt-get install ${debian}. macOS: ${macos}. Or set ${variables.join(' and ')} to ${its} ${path}.`
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = () => ALL.filter((program) => find(program) === undefined)
  const before = missing()
  install(before)
  const after = before.length === 0 ? [] : missing()
  if (after.length > 0) {
    console.error(remedy(after))
    process.exitCode = 1
  }
}
