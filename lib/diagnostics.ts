import { hash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import type { SessionMessages } from '../types/diagnostics.ts'

interface Typed<Message> {
  readonly hasSubscribers: boolean
  publish(message: Message): void
}

const typed = <Name extends keyof SessionMessages>(name: Name): Typed<SessionMessages[Name]> => channel(name)

/** The channels of `node:diagnostics_channel` that the library publishes to. Without a subscriber nothing is measured. */
export const channels = {
  load: typed('starsessions:load'),
  commit: typed('starsessions:commit'),
  conflict: typed('starsessions:conflict'),
  rotate: typed('starsessions:rotate'),
  destroy: typed('starsessions:destroy'),
  end: typed('starsessions:end'),
  refused: typed('starsessions:refused'),
  storeError: typed('starsessions:store-error')
} as const

/** A name for a session in places where its id must not appear. It has 96 bits, and the id cannot be computed from it. */
export function fingerprint(sessionId: string | undefined): string | undefined {
  return sessionId === undefined ? undefined : hash('sha256', `starsessions\0${sessionId}`, 'base64url').slice(0, 16)
}

/** Tells the channel that sessions of a user were ended. */
export function publishEnd(handles: readonly string[], reason: 'ended' | 'evicted'): void {
  if (!channels.end.hasSubscribers || handles.length === 0) return
  const fingerprints = handles.map((handle) => fingerprint(handle) as string)
  channels.end.publish({ fingerprints, count: handles.length, reason })
}
