// Starts the demo the way the README says, asks the page for a login, and stops it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

// A process group of its own, so that what npm starts is stopped, too.
const demo = spawn('npm', ['run', 'demo'], {
  detached: true,
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit']
})
const stop = () => {
  try {
    process.kill(-demo.pid)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
process.on('exit', stop)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
setTimeout(() => {
  console.error('the demo does not answer')
  process.exit(1)
}, 60_000).unref()

let url
for await (const line of createInterface(demo.stdout)) {
  console.log(line)
  url = /^http:\/\/\S+$/.exec(line.trim())?.[0]
  if (url !== undefined) break
}
assert.ok(url, 'the demo prints its URL')
const page = await fetch(url)
assert.equal(page.status, 200)
assert.match(page.headers.get('content-type'), /^text\/html/)
assert.match(await page.text(), /<form/)

const stopped = once(demo, 'exit')
stop()
await stopped
console.log('200')
