import { types } from 'node:util'
import { isObject } from '../is-object.ts'
import { isOwn } from '../own.ts'

/** Levels of objects and lists in a record, the record included. Deeper data are refused: walking them could overflow the stack (CVE-2025-27152 and its like). */
export const MAX_DEPTH = 100

/** Objects that hold nothing too deep, and under how many levels that was found out. */
type SeenObjects = Map<object, number>

/**
 * Whether objects and lists are nested deeper, the value included. A Date is no level: in JSON it is text.
 * An object that stands in several places is not walked from each of them, because the walks would double with each level.
 */
export function isDeeperThan(value: object, levels: number, seen?: SeenObjects): boolean {
  if (levels === 0) return !types.isDate(value)
  const known = seen?.get(value)
  if (known !== undefined && known <= levels) return false
  // Each load asks this about metadata, which hold no objects as a rule: then there is nothing to remember.
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

const isNestedDeeper = (inner: unknown, levels: number): boolean => isObject(inner) && isDeeperThan(inner, levels - 1)

/** What is wrong with data for which `isDeeperThan` is true, for an error message. */
export function tooDeep(data: Record<string, unknown>, levels: number): string {
  const key = Object.keys(data).find((name) => isNestedDeeper(data[name], levels))
  const way = wayDown((data as Record<string, object>)[String(key)] as object, levels - 1)
  const what =
    new Set(way).size < way.length
      ? 'holds a cycle: an object in it contains itself. Store an id there'
      : `is nested deeper than ${levels} levels`
  return `key ${JSON.stringify(key)} ${what}`
}

/** The objects that stand in one another, from one that is too deep downwards. */
function wayDown(value: object, levels: number): object[] {
  if (levels === 0) return [value]
  const inner = Object.values(value).find((each) => isNestedDeeper(each, levels))
  return [value, ...wayDown(inner as object, levels - 1)]
}
