/** The Unix time in seconds, with a fraction. The library counts and stores all times in this unit. */
export const now = (): number => Date.now() / 1000
