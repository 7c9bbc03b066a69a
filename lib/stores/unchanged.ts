import type { SessionStore } from '../../types/store.ts'

const METHODS = ['read', 'write', 'replace', 'remove', 'touch'] as const

/**
 * Whether one of our stores has exactly the methods of its class. A subclass or a replaced method may ask another
 * machine, so its calls can hang.
 */
export function isUnchanged(store: SessionStore, type: { readonly prototype: SessionStore }): boolean {
  return store.constructor === type && METHODS.every((method) => store[method] === type.prototype[method])
}
