/**
 * What the store asks of a client, whichever it is: one command each, to the master that has the key. What Redis answers
 * with an error, and what the client fails with, is a rejection.
 */
export interface RedisCommands {
  get(key: string): Promise<Uint8Array | null>
  /** Reads and prolongs in one step. Redis has this command since version 6.2. */
  getex(key: string, milliseconds: number): Promise<Uint8Array | null>
  set(key: string, data: Buffer, milliseconds: number): Promise<unknown>
  del(key: string): Promise<Count>
  pexpire(key: string, milliseconds: number): Promise<Count>
  /** Runs `REPLACE_LUA` by its hash, and sends it again where Redis does not know it (any more). */
  replace(key: string, expected: Buffer, px: number | 'DEL', data: Buffer | ''): Promise<[Count, (Buffer | null)?]>
  /** Why no command can succeed any more; `undefined` while one can. */
  closed(): string | undefined
}

/** Text where the client was told to make text of numbers. */
export type Count = number | string

/** One key, so that it runs on a cluster. What is there on a conflict comes back in the same round trip. */
export const REPLACE_LUA = `
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[1] then return { 0, current } end
if ARGV[2] == 'DEL' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
return { 1 }`
