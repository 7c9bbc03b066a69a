import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { serverCpu, spentBetween } from './server-cpu.ts'

const isLinux = process.platform === 'linux'

t.test('what a child process works counts for the server', { skip: !isLinux && 'only Linux counts it' }, async (t) => {
  const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const before = serverCpu(process.pid)!.get(child.pid!)!
  await sleep(500)
  const after = serverCpu(process.pid)!.get(child.pid!)!
  t.ok(after - before > 10_000_000, `more than 10 milliseconds: ${after - before} nanoseconds`)
})

t.test('there are no figures of a process that does not run', async (t) => {
  t.equal(serverCpu(2 ** 30), undefined)
})

t.test('a new connection counts from its start, and a closed one not at all', async (t) => {
  const before = new Map([
    [1, 1_000],
    [2, 500_000]
  ])
  const after = new Map([
    [1, 3_000],
    [3, 4_000]
  ])
  t.equal(spentBetween(before, after), 6)
})
