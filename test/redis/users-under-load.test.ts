import t from 'tap'
import { startRedis } from '../support/redis-server.ts'
import { UserLoad } from '../support/user-load.ts'
import { UserProcess } from '../support/user-processes.ts'

/** Set `LOAD_SECONDS` for a longer test. */
const SECONDS = Number(process.env.LOAD_SECONDS ?? 4)
const ROUND_SECONDS = 2
const MAX = 4

t.setTimeout((SECONDS + 240) * 1_000)
const server = await startRedis()
t.teardown(() => server.stop())

t.test('three processes under load keep all promises about the sessions of a user', async (t) => {
  const processes = await Promise.all(Array.from({ length: 3 }, () => UserProcess.start(t, server, MAX)))
  const load = new UserLoad(processes, MAX)
  for (let left = SECONDS; left > 0; left -= ROUND_SECONDS) await load.run(ROUND_SECONDS)
  await load.finish()
  t.comment(load.report)
  t.same([...load.violations], [])
})
