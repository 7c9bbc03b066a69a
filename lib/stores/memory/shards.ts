const SHARDS = 64

/** Several Maps, because one Map of a million entries stops the process for a tenth of a second when it grows. */
export const newShards = <T>(): readonly Map<string, T>[] => Array.from({ length: SHARDS }, () => new Map<string, T>())

/** The Map for this key. */
export function shardOf<T>(shards: readonly Map<string, T>[], key: string): Map<string, T> {
  let hash = 0
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 16_777_619)
  return shards[hash >>> 26]!
}
