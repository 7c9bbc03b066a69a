import type { Redis } from 'ioredis'

/** The number of calls of each command, including refused calls. */
export async function calls(admin: Redis): Promise<Record<string, number>> {
  const stats = await admin.info('commandstats')
  return Object.fromEntries(
    [...stats.matchAll(/^cmdstat_(\S+?):calls=(\d+),.*rejected_calls=(\d+)/gm)].map(([, name, done, refused]) => [
      name,
      Number(done) + Number(refused)
    ])
  )
}
