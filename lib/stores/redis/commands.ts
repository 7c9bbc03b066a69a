import { isAscii } from 'node:buffer'

/**
 * The commands that the store needs, for each kind of client. Each method sends one command to the master of the key.
 * It rejects if Redis answers with an error, or if the client fails.
 */
export interface RedisCommands {
  get(key: string): Promise<Uint8Array | null>
  /** Reads and prolongs in one step. Redis has this command since version 6.2. */
  getex(key: string, milliseconds: number): Promise<Uint8Array | null>
  set(key: string, data: Bytes, milliseconds: number): Promise<unknown>
  del(key: string): Promise<Count>
  pexpire(key: string, milliseconds: number): Promise<Count>
  /**
   * Runs `REPLACE_LUA` by its hash. If Redis does not know the script, sends the whole script.
   * @param expected `null`: there must be no value
   */
  replace(key: string, expected: Bytes | null, px: number | 'DEL', data: Bytes): Promise<[Count, (Buffer | null)?]>
  /**
   * Runs `MOVE_LUA`. `undefined` in a cluster, because its two keys are on different nodes.
   * @param old what to expect under the old key, what to put there, and for how many milliseconds
   */
  readonly move:
    | ((
        key: string,
        newKey: string,
        old: { readonly expected: Bytes; readonly tombstone: Bytes; readonly px: number },
        data: Bytes,
        px: number
      ) => Promise<[Count, (Buffer | null)?]>)
    | undefined
  /** Runs another script with one key by its hash. If Redis does not know the script, sends the whole script. */
  run(script: Script, key: string, args: readonly (string | Buffer)[]): Promise<unknown>
  /** Returns why no command can succeed any more, or `undefined` if commands can still succeed. */
  closed(): string | undefined
}

/** A Lua script with one key. */
export interface Script {
  /** The name of the method that a client of ioredis gets. */
  readonly name: string
  readonly lua: string
}

/** A client with the option `stringNumbers` answers with text. */
export type Count = number | string

/**
 * It uses one key, so it runs on a cluster. If the stored bytes differ, it returns them, which saves a second command.
 * Without a value, GET answers `false` in a script. `SET NX GET` would need Redis 7.
 */
export const REPLACE_LUA = `
local current = redis.call('GET', KEYS[1])
if current ~= (ARGV[4] ~= 'NX' and ARGV[1]) then return { 0, current } end
if ARGV[2] == 'DEL' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
return { 1 }`

/** The new session comes first. If Redis refuses it, for example for lack of memory, the script ends there. */
export const MOVE_LUA = `
local current = redis.call('GET', KEYS[1])
if current ~= ARGV[1] then return { 0, current } end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return { 1 }`

/** What `REPLACE_LUA` expects. Empty bytes can be a value, so a further argument says that there must be none. */
export const replaceArguments = <P>(expected: Bytes | null, px: P, data: Bytes): (Bytes | P)[] =>
  expected === null ? ['', px, data, 'NX'] : [expected, px, data]

/** Whether a command has changed one key. */
export const isOne = (answer: unknown): boolean => Number(answer) === 1

/** The same bytes as a Buffer, because the clients take no other Uint8Array. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Bytes for Redis. Text if they are ASCII, because both kinds of clients send text in half the time. */
export type Bytes = string | Buffer

export const toBytes = (data: Uint8Array): Bytes => {
  const buffer = toBuffer(data)
  return isAscii(buffer) ? buffer.toString('latin1') : buffer
}
