import { types } from 'node:util'
import { isObject } from '../base/is-object.ts'
import { isOwn } from '../base/own.ts'

/**
 * The number of levels of objects and lists that a record may have. The record itself is the first level. Deeper data are
 * refused, because walking them could overflow the stack.
 */
export const MAX_DEPTH = 100

/** Objects that are known not to be nested too deeply, each with the number of levels that it was checked for. */
type SeenObjects = Map<object, number>

/**
 * Whether `value` has more than `levels` levels of objects and lists. The value itself is the first level. A Date is not a
 * level, because JSON writes it as text.
 *
 * An object that is reachable by several paths is not walked again for each path. Otherwise the work could double with
 * each level.
 */
export function isDeeperThan(value: object, levels: number, seen?: SeenObjects): boolean {
  if (levels === 0) return !types.isDate(value)
  const known = seen?.get(value)
  if (known !== undefined && known <= levels) return false
  // Each load checks metadata, which usually hold no objects. The map is created only when there is an object to remember.
  let walked = seen
  for (const key in value) {
    const inner = isOwn.call(value, key) ? (value as Record<string, unknown>)[key] : undefined
    if (!isObject(inner)) continue
    walked ??= new Map()
    if (isDeeperThan(inner, levels - 1, walked)) return true
  }
  walked?.set(value, levels)
  return false
}

/** The same for data that `JSON.parse()` has just made. There is one path to each object, so nothing has to be remembered. */
export function isTreeDeeperThan(value: object, levels: number): boolean {
  if (levels === 0) return !types.isDate(value)
  // Lists are walked by index, because to list the keys of a long one costs as much as to parse it.
  if (Array.isArray(value)) return value.some((inner) => isObject(inner) && isTreeDeeperThan(inner, levels - 1))
  for (const key in value) {
    const inner = isOwn.call(value, key) ? (value as Record<string, unknown>)[key] : undefined
    if (isObject(inner) && isTreeDeeperThan(inner, levels - 1)) return true
  }
  return false
}

const isNestedDeeper = (inner: unknown, levels: number): boolean => isObject(inner) && isDeeperThan(inner, levels - 1)

/**
 * The end of an error message about data that are nested too deeply: the key, and what is wrong there.
 * @param data for which `isDeeperThan(data, levels)` is true
 */
export function tooDeep(data: Record<string, unknown>, levels: number): string {
  const key = Object.keys(data).find((name) => isNestedDeeper(data[name], levels))
  const way = wayDown((data as Record<string, object>)[String(key)] as object, levels - 1)
  const what =
    new Set(way).size < way.length
      ? 'holds a cycle: an object in it contains itself. Store an id there'
      : `is nested deeper than ${levels} levels`
  return `key ${JSON.stringify(key)} ${what}`
}

/** A path of nested objects that is too long: `value`, an object in it, an object in that one, and so on. */
function wayDown(value: object, levels: number): object[] {
  if (levels === 0) return [value]
  const inner = Object.values(value).find((each) => isNestedDeeper(each, levels))
  return [value, ...wayDown(inner as object, levels - 1)]
}
