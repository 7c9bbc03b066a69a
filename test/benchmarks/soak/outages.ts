import { setTimeout as sleep } from 'node:timers/promises'
import { waitUntil } from '../../support/wait-until.ts'
import type { Backend } from './backends.ts'
import type { Outage } from './ledger.ts'
import type { Visitor } from './visitor.ts'

export const DOWN_MS = 1_000
export const PAUSE_MS = 3_000

/** Kills the server and starts it again with the data that it had written to disk. */
export async function restart(backend: Backend, probe: Visitor): Promise<Outage> {
  return during(`${backend.name} was killed, and started again ${DOWN_MS} ms later`, backend, probe, async () => {
    await backend.kill()
    await sleep(DOWN_MS)
    await backend.restart()
  })
}

/** Lets the server hang: its connections stay open, but it answers nothing. */
export async function pause(backend: Backend, probe: Visitor): Promise<Outage> {
  return during(`${backend.name} was stopped for ${PAUSE_MS} ms`, backend, probe, async () => {
    await backend.pause()
    await sleep(PAUSE_MS)
    backend.resume()
  })
}

/** Waits until a visitor can write in each process again. The outage ends then. */
async function during(
  name: string,
  { processes }: Backend,
  probe: Visitor,
  happen: () => Promise<void>
): Promise<Outage> {
  const began = performance.now()
  await happen()
  let inARow = 0
  await waitUntil('a write after an outage', async () => {
    inARow = (await probe.write()) ? inARow + 1 : 0
    return inARow >= processes
  })
  return { name, began, ended: performance.now() }
}
