import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const binary = process.env.REDIS_SERVER || 'redis-server'
const REMEDY = `${binary} does not run: install it (apt-get install redis-server, brew install redis), or set REDIS_SERVER to its path`

const succeeds = (command, args, options) => spawnSync(command, args, options).status === 0
const isThere = () => succeeds(binary, ['--version'])

function install() {
  if (process.env.REDIS_SERVER || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  if (succeeds('apt-get', ['update'], options)) succeeds('apt-get', ['install', '-y', 'redis-server'], options)
}

if (!isThere()) {
  install()
  if (!isThere()) {
    console.error(REMEDY)
    process.exitCode = 1
  }
}
