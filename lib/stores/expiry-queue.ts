import { integers, numbers } from './paged-array.ts'

/**
 * Slots by their expiry, soonest first: a binary min-heap.
 *
 * A slot that is prolonged keeps its place until it gets to the top (`settle`): a session in use is prolonged many times
 * for each time that anybody asks who is next. So there are two numbers for each place, `due` (which orders the heap, and
 * is never later than `expires`) and `expires`.
 */
export class ExpiryQueue {
  readonly #slots = integers()
  readonly #due = numbers()
  readonly #expires = numbers()
  /** Where each slot stands. */
  readonly #places = integers()
  #size = 0

  /** Who is next, unless `settle` says otherwise. */
  get first(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots.get(0)
  }

  /** Before this nothing expires. Infinite when the queue is empty. */
  get due(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#due.get(0)
  }

  expires(slot: number): number {
    return this.#expires.get(this.#places.get(slot))
  }

  /** @param slot the next one: as many are queued already */
  push(slot: number, expires: number): void {
    this.#rise(slot, this.#size++, expires, expires)
  }

  change(slot: number, expires: number): void {
    const place = this.#places.get(slot)
    if (expires >= this.#due.get(place)) this.#expires.set(place, expires)
    else this.#rise(slot, place, expires, expires)
  }

  /** Removes a slot, whose number the last one takes. */
  remove(slot: number): void {
    const place = this.#places.get(slot)
    const end = --this.#size
    if (place !== end) {
      const due = this.#due.get(end)
      const other = this.#slots.get(end)
      // The last one may come from another branch, where everything is sooner.
      if (due < this.#due.get(place)) this.#rise(other, place, due, this.#expires.get(end))
      else this.#sink(other, place, due, this.#expires.get(end))
    }
    if (slot !== end) {
      const moved = this.#places.get(end)
      this.#slots.set(moved, slot)
      this.#places.set(slot, moved)
    }
    for (const list of [this.#slots, this.#due, this.#expires, this.#places]) list.truncate(end)
  }

  /** @returns `true`: the first one had been prolonged and now stands where it belongs; there may be another first */
  settle(): boolean {
    if (this.#size === 0) return false
    const expires = this.#expires.get(0)
    if (expires === this.#due.get(0)) return false
    this.#sink(this.#slots.get(0), 0, expires, expires)
    return true
  }

  #rise(slot: number, from: number, due: number, expires: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#due.get(parent) <= due) break
      this.#move(parent, place)
      place = parent
    }
    this.#put(slot, place, due, expires)
  }

  #sink(slot: number, from: number, due: number, expires: number): void {
    let place = from
    for (let child = 2 * place + 1; child < this.#size; child = 2 * place + 1) {
      if (child + 1 < this.#size && this.#due.get(child + 1) < this.#due.get(child)) child++
      if (this.#due.get(child) >= due) break
      this.#move(child, place)
      place = child
    }
    this.#put(slot, place, due, expires)
  }

  #move(from: number, to: number): void {
    this.#put(this.#slots.get(from), to, this.#due.get(from), this.#expires.get(from))
  }

  #put(slot: number, place: number, due: number, expires: number): void {
    this.#slots.set(place, slot)
    this.#due.set(place, due)
    this.#expires.set(place, expires)
    this.#places.set(slot, place)
  }
}
