import { types } from 'node:util'
import { isOwn } from './own.ts'

/**
 * Whether objects and lists are nested deeper, the value included. A Date is no level: in JSON it is text.
 * Walks all data of each commit: without a list of the keys it costs a quarter.
 */
export function isDeeperThan(value: object, levels: number): boolean {
  if (levels === 0) return !types.isDate(value)
  if (Array.isArray(value)) return value.some((inner) => isNestedDeeper(inner, levels))
  for (const key in value) {
    if (isOwn.call(value, key) && isNestedDeeper((value as Record<string, unknown>)[key], levels)) return true
  }
  return false
}

function isNestedDeeper(inner: unknown, levels: number): boolean {
  return typeof inner === 'object' && inner !== null && isDeeperThan(inner, levels - 1)
}
