/**
 * The commands that the store needs, for each kind of client. Each method sends one command to the master of the key.
 * It rejects if Redis answers with an error, or if the client fails.
 */
export interface RedisCommands {
  get(key: string): Promise<Uint8Array | null>
  /** Reads and prolongs in one step. Redis has this command since version 6.2. */
  getex(key: string, milliseconds: number): Promise<Uint8Array | null>
  set(key: string, data: Buffer, milliseconds: number): Promise<unknown>
  del(key: string): Promise<Count>
  pexpire(key: string, milliseconds: number): Promise<Count>
  /**
   * Runs `REPLACE_LUA` by its hash. If Redis does not know the script, sends the whole script.
   * @param expected `null`: there must be no value
   */
  replace(
    key: string,
    expected: Buffer | null,
    px: number | 'DEL',
    data: Buffer | ''
  ): Promise<[Count, (Buffer | null)?]>
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

/** What `REPLACE_LUA` expects. Empty bytes can be a value, so a further argument says that there must be none. */
export const replaceArguments = <P>(expected: Buffer | null, px: P, data: Buffer | ''): (Buffer | '' | 'NX' | P)[] =>
  expected === null ? ['', px, data, 'NX'] : [expected, px, data]

/** Whether a command has changed one key. */
export const isOne = (answer: unknown): boolean => Number(answer) === 1

/** The same bytes as a Buffer, because the clients take no other Uint8Array. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
