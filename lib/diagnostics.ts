import { hash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'

/** The channels of `node:diagnostics_channel` that the library publishes to. Without a subscriber nothing is measured. */
export const channels = {
  load: channel('starsessions:load'),
  commit: channel('starsessions:commit'),
  conflict: channel('starsessions:conflict'),
  rotate: channel('starsessions:rotate'),
  destroy: channel('starsessions:destroy'),
  refused: channel('starsessions:refused'),
  storeError: channel('starsessions:store-error')
} as const

/** A name for a session in places where its id must not appear. It has 96 bits, and the id cannot be computed from it. */
export function fingerprint(sessionId: string | undefined): string | undefined {
  return sessionId === undefined ? undefined : hash('sha256', `starsessions\0${sessionId}`, 'base64url').slice(0, 16)
}
