import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const script = fileURLToPath(new URL('support/ensure-redis.mjs', import.meta.url))

const ensure = (redisServer: string) =>
  new Promise<{ code: unknown; output: string }>((resolve) => {
    const env = { ...process.env, REDIS_SERVER: redisServer }
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr })
    })
  })

t.test('without redis-server, npm test says in one line how to get it', async (t) => {
  const { code, output } = await ensure('/nowhere/redis-server')
  t.equal(code, 1)
  t.match(output, /^\/nowhere\/redis-server does not run: .*apt-get install .*brew install .*REDIS_SERVER.*\n$/)
  t.same(await ensure(process.env.REDIS_SERVER ?? 'redis-server'), { code: 0, output: '' })
})
