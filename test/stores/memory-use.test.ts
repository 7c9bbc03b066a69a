import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { MemoryUse } from '../support/memory-use.ts'
import { TYPESCRIPT } from '../support/typescript.ts'

t.test('a session of 200 bytes takes at most 600 bytes of memory, and they are freed afterwards', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    TYPESCRIPT,
    fileURLToPath(new URL('../support/memory-use.ts', import.meta.url))
  ])
  const { each, flooded, removed, expired, large }: MemoryUse = JSON.parse(stdout)
  t.ok(each <= 600, `${each} bytes`)
  t.ok(flooded <= 700, `${flooded} bytes of a full store after a flood of new sessions`)
  t.ok(removed < 40, `${removed} bytes left of one that was removed`)
  t.ok(expired < 40, `${expired} bytes left of one that expired`)
  t.ok(large < 250, `${large} bytes left of a large one`)
})
