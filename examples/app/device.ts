import type { FastifyRequest } from 'fastify'

/** What the list of devices shows for a session. At most 512 bytes of it fit into the label of a session. */
export interface Device {
  readonly name: string
  readonly address: string
}

// The first match counts. Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/(?:Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari']
]

// Android also calls itself Linux, and an iPhone calls itself "like Mac OS X".
const SYSTEMS: readonly [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux']
]

export function deviceOf({ headers, ip }: FastifyRequest): Device {
  return { name: nameOf(headers['user-agent'] ?? ''), address: ip }
}

/** The device in the label of a session. An encryptor that has lost its key leaves the label out. */
export const deviceIn = (label: unknown): Device => (label as Device | undefined) ?? { name: nameOf(''), address: '-' }

/** A name that the user recognises. Anybody can send any User-Agent, so it proves nothing. */
export function nameOf(userAgent: string): string {
  const found = (names: readonly [RegExp, string][]) => names.find(([pattern]) => pattern.test(userAgent))?.[1]
  const [browser, system] = [found(BROWSERS), found(SYSTEMS)]
  if (browser === undefined) return system ?? 'Unknown device'
  return system === undefined ? browser : `${browser} on ${system}`
}
