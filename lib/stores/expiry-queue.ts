import { integers, numbers } from './paged-array.ts'

/** Slots by their expiry, soonest first: a binary min-heap. */
export class ExpiryQueue {
  readonly #slots = integers()
  readonly #expires = numbers()
  /** Where each slot stands. */
  readonly #places = integers()
  #size = 0

  /** Who expires first. */
  get first(): number | undefined {
    return this.#size === 0 ? undefined : this.#slots.get(0)
  }

  /** When the first one expires. Infinite when the queue is empty. */
  get due(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#expires.get(0)
  }

  expires(slot: number): number {
    return this.#expires.get(this.#places.get(slot))
  }

  /** @param slot the next one: as many are queued already */
  push(slot: number, expires: number): void {
    this.#rise(slot, this.#size++, expires)
  }

  change(slot: number, expires: number): void {
    this.#settle(slot, this.#places.get(slot), expires)
  }

  /** Removes a slot, whose number the last one takes. */
  remove(slot: number): void {
    const place = this.#places.get(slot)
    const end = --this.#size
    // The last one may come from another branch, where everything is sooner.
    if (place !== end) this.#settle(this.#slots.get(end), place, this.#expires.get(end))
    if (slot !== end) {
      const moved = this.#places.get(end)
      this.#slots.set(moved, slot)
      this.#places.set(slot, moved)
    }
    for (const list of [this.#slots, this.#expires, this.#places]) list.truncate(end)
  }

  /** From a place that is free, or its own so far, to where it belongs. */
  #settle(slot: number, place: number, expires: number): void {
    if (expires < this.#expires.get(place)) this.#rise(slot, place, expires)
    else this.#sink(slot, place, expires)
  }

  #rise(slot: number, from: number, expires: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#expires.get(parent) <= expires) break
      this.#put(this.#slots.get(parent), place, this.#expires.get(parent))
      place = parent
    }
    this.#put(slot, place, expires)
  }

  #sink(slot: number, from: number, expires: number): void {
    let place = from
    for (let child = 2 * place + 1; child < this.#size; child = 2 * place + 1) {
      if (child + 1 < this.#size && this.#expires.get(child + 1) < this.#expires.get(child)) child++
      if (this.#expires.get(child) >= expires) break
      this.#put(this.#slots.get(child), place, this.#expires.get(child))
      place = child
    }
    this.#put(slot, place, expires)
  }

  #put(slot: number, place: number, expires: number): void {
    this.#slots.set(place, slot)
    this.#expires.set(place, expires)
    this.#places.set(slot, place)
  }
}
