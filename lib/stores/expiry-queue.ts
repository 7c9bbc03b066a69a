/** What can be queued: an object that keeps its own place, so that it is found again without a search. */
export interface Queued {
  /** For the queue alone. */
  place: number
}

/**
 * Entries by their expiry, soonest first: a binary min-heap.
 *
 * An entry that is prolonged keeps its place until it gets to the top (`settle`): a session in use is prolonged many
 * times for each time that anybody asks who is next. So there are two numbers for each place, `due` (which orders the
 * heap, and is never later than `expires`) and `expires`. They stand in arrays, because in an entry each would be an
 * object of its own to the garbage collector.
 */
export class ExpiryQueue<Entry extends Queued> {
  readonly #entries: Entry[] = []
  readonly #due: number[] = []
  readonly #expires: number[] = []

  /** Who is next, unless `settle` says otherwise. */
  get first(): Entry | undefined {
    return this.#entries[0]
  }

  /** Before this nothing expires. Infinite when the queue is empty. */
  get due(): number {
    return this.#due[0] ?? Number.POSITIVE_INFINITY
  }

  expires(entry: Entry): number {
    return this.#expires[entry.place]!
  }

  push(entry: Entry, expires: number): void {
    this.#expires.push(expires)
    this.#due.push(expires)
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1, expires, expires)
  }

  change(entry: Entry, expires: number): void {
    const { place } = entry
    if (expires >= this.#due[place]!) this.#expires[place] = expires
    else this.#rise(entry, place, expires, expires)
  }

  remove(entry: Entry): void {
    const { place } = entry
    const last = this.#entries.pop()!
    const due = this.#due.pop()!
    const expires = this.#expires.pop()!
    if (last === entry) return
    // The last one may come from another branch, where everything is sooner.
    if (due < this.#due[place]!) this.#rise(last, place, due, expires)
    else this.#sink(last, place, due, expires)
  }

  /** @returns `true`: the first one had been prolonged and now stands where it belongs; there may be another first */
  settle(): boolean {
    const expires = this.#expires[0]
    if (expires === undefined || expires === this.#due[0]) return false
    this.#sink(this.#entries[0]!, 0, expires, expires)
    return true
  }

  #rise(entry: Entry, from: number, due: number, expires: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#due[parent]! <= due) break
      this.#put(this.#entries[parent]!, place, this.#due[parent]!, this.#expires[parent]!)
      place = parent
    }
    this.#put(entry, place, due, expires)
  }

  #sink(entry: Entry, from: number, due: number, expires: number): void {
    const size = this.#entries.length
    let place = from
    for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && this.#due[child + 1]! < this.#due[child]!) child++
      if (this.#due[child]! >= due) break
      this.#put(this.#entries[child]!, place, this.#due[child]!, this.#expires[child]!)
      place = child
    }
    this.#put(entry, place, due, expires)
  }

  #put(entry: Entry, place: number, due: number, expires: number): void {
    this.#entries[place] = entry
    this.#due[place] = due
    this.#expires[place] = expires
    entry.place = place
  }
}
