import { hash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'

/** What there is to subscribe to with `node:diagnostics_channel`. Without a subscriber nothing is measured. */
export const channels = {
  load: channel('starsessions:load'),
  commit: channel('starsessions:commit'),
  conflict: channel('starsessions:conflict'),
  rotate: channel('starsessions:rotate'),
  destroy: channel('starsessions:destroy'),
  refused: channel('starsessions:refused'),
  storeError: channel('starsessions:store-error')
} as const

/** Names a session where its id must not stand: 96 bits, one way. */
export function fingerprint(sessionId: string | undefined): string | undefined {
  return sessionId === undefined ? undefined : hash('sha256', `starsessions\0${sessionId}`, 'base64url').slice(0, 16)
}
