import type { SessionStore } from '../../types/store.ts'

const METHODS = ['read', 'write', 'replace', 'remove', 'touch'] as const

/**
 * Whether a store of ours does what its class says. A subclass may ask another machine, and so may a method that somebody has
 * replaced.
 */
export function isUnchanged(store: SessionStore, type: { readonly prototype: SessionStore }): boolean {
  return store.constructor === type && METHODS.every((method) => store[method] === type.prototype[method])
}
