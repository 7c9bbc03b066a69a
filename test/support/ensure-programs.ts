// The tests start two programs that npm does not install. `npm test` and `.ci/run` run this file first. On Debian it installs
// a missing program. On other systems it says in one line what to do.

import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
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

const succeeds = (command: string, args: string[], env = process.env) =>
  spawnSync(command, args, { stdio: 'ignore', env }).status === 0

function find({ names, variable }: Program): string | undefined {
  const given = process.env[variable]
  const folders = (process.env.PATH ?? '').split(delimiter)
  const pathsOf = (name: string) => (name.includes('/') ? name : folders.map((folder) => join(folder, name)))
  return (given ? [given] : names).flatMap(pathsOf).find((path) => succeeds(path, ['--version']))
}

/** The path of a Chromium or Chrome that runs. */
export function chromiumPath(): string {
  const path = find(CHROMIUM)
  if (path === undefined) throw new Error(remedy([CHROMIUM]))
  return path
}

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
  const found = missing.map(({ names, variable }) => process.env[variable] || names[0])
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
  const missing = () => [REDIS, CHROMIUM].filter((program) => find(program) === undefined)
  const before = missing()
  install(before)
  const after = before.length === 0 ? [] : missing()
  if (after.length > 0) {
    console.error(remedy(after))
    process.exitCode = 1
  }
}
