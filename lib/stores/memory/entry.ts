import type { ListEntry } from '../../../types/users/sessions-by-user.ts'

/** The record of a session in memory, and its place among the records in the order of their last use. */
export class Entry {
  id = ''
  /** One character for each byte, because text takes less memory than a Buffer. */
  data = ''
  expires = 0
  order: UseOrder | undefined
  /** The entry in the list of a user. Most sessions have none. */
  listed: ListedRecords | undefined
  previous: Entry = this
  next: Entry = this
}

/**
 * A linked list in the form of a ring. `next` is the least recently used session, `previous` the most recently used
 * one.
 */
export class UseOrder extends Entry {
  count = 0
  bytes = 0
}

/** One session in the list of a user, with its records. */
export interface ListedRecords extends Omit<ListEntry, 'ttl'> {
  readonly user: string
  readonly records: Set<Entry>
}
