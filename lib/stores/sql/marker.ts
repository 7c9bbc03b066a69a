/** The id of the row that remembers when all sessions of a user were ended. No session has it, because of the space. */
export const markerOf = (user: string): string => `user ${user}`

/** For how long this row stays. The contract asks for an hour. */
export const MARKER_SECONDS = 2 * 3_600
