import { SessionOptionsError } from '../../errors.ts'

/** PostgreSQL cuts off names at 63 bytes. The names of the indexes are up to 11 bytes longer than the name of the table. */
const MOST_BYTES = 50

/**
 * Checks the name of a table or of a schema.
 * @param owner the class that has the option, for the message
 * @throws `SessionOptionsError`
 */
export function sqlName(owner: string, option: string, name: string): string {
  if (typeof name === 'string' && name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= MOST_BYTES) {
    return name
  }
  throw new SessionOptionsError(`${owner}: ${option} must be a name of 1 to ${MOST_BYTES} bytes`)
}

/** A name in quotes, so it may contain any character. PostgreSQL and SQLite quote names in the same way. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
