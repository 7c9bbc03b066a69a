/**
 * Options for the assurance level AAL1 of NIST SP 800-63B-4: a session lasts at most 30 days. Spread it into the options:
 *
 * ```ts
 * await app.register(starsessions, { ...AAL1, store })
 * ```
 */
export const AAL1 = { lifetime: { days: 30 } } as const

/** Options for AAL2 of NIST SP 800-63B-4: a session ends after an hour of inactivity, and after a day. */
export const AAL2 = { lifetime: { hours: 1 }, rolling: true, absoluteLifetime: { hours: 24 } } as const

/** Options for AAL3 of NIST SP 800-63B-4: a session ends after 15 minutes of inactivity, and after 12 hours. */
export const AAL3 = { lifetime: { minutes: 15 }, rolling: true, absoluteLifetime: { hours: 12 } } as const
