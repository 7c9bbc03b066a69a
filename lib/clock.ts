/** Unix time in seconds, with a fraction: the unit of everything that the library counts and stores. */
export const now = (): number => Date.now() / 1000
