import { integers } from './paged-array.ts'
import { SlotBytes } from './slot-bytes.ts'

/** No slot. */
export const NONE = -1

/**
 * Finds the slot of an id, as a Map would, but never stops the event loop: a Map that grows is copied, which takes tens of
 * milliseconds when it has a million keys. This is linear hashing (Litwin, 1980): there are as many buckets as ids, and
 * with each id that comes one bucket is split, with each that goes two are merged.
 *
 * Slots are numbers from 0 to `size - 1`. Whoever keeps something for each slot keeps it in arrays, which are no objects
 * to the garbage collector.
 */
export class IdIndex {
  readonly #ids = new SlotBytes()
  readonly #hashes = integers()
  /** The first slot of each bucket. */
  readonly #first = integers()
  /** For each slot the next one of its bucket. */
  readonly #next = integers()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @returns the id's slot; `NONE`: there is none */
  find(id: string): number {
    if (this.#size === 0) return NONE
    const hash = hashOf(id)
    let slot = this.#first.get(this.#bucketOf(hash))
    while (slot !== NONE && !(this.#hashes.get(slot) === hash && this.#ids.equalsText(slot, id))) {
      slot = this.#next.get(slot)
    }
    return slot
  }

  /**
   * @param id one that is not there
   * @returns its slot
   */
  add(id: string): number {
    const slot = this.#size++
    this.#split(slot)
    const hash = hashOf(id)
    this.#ids.push(slot, Buffer.from(id))
    this.#hashes.set(slot, hash)
    this.#next.set(slot, NONE)
    this.#link(slot)
    return slot
  }

  /** @returns the slot that was the last one; its id has the slot now that is free */
  remove(slot: number): number {
    const last = this.#size - 1
    this.#relink(slot, this.#next.get(slot))
    if (slot !== last) {
      this.#relink(last, slot)
      this.#hashes.set(slot, this.#hashes.get(last))
      this.#next.set(slot, this.#next.get(last))
    }
    this.#ids.remove(slot, last)
    this.#size--
    // Those of the bucket that is no more go back to the one they came from.
    this.#linkAll(this.#first.get(last))
    for (const list of [this.#hashes, this.#first, this.#next]) list.truncate(this.#size)
    return last
  }

  /** Those that belong into the new bucket have been in another so far. */
  #split(bucket: number): void {
    this.#first.set(bucket, NONE)
    if (bucket === 0) return
    const other = bucket - highestBitOf(bucket)
    const slot = this.#first.get(other)
    this.#first.set(other, NONE)
    this.#linkAll(slot)
  }

  #linkAll(first: number): void {
    let slot = first
    while (slot !== NONE) {
      const next = this.#next.get(slot)
      this.#link(slot)
      slot = next
    }
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(this.#hashes.get(slot))
    this.#next.set(slot, this.#first.get(bucket))
    this.#first.set(bucket, slot)
  }

  /** Whatever led to the slot leads elsewhere. */
  #relink(slot: number, to: number): void {
    const bucket = this.#bucketOf(this.#hashes.get(slot))
    let before = this.#first.get(bucket)
    if (before === slot) {
      this.#first.set(bucket, to)
      return
    }
    while (this.#next.get(before) !== slot) before = this.#next.get(before)
    this.#next.set(before, to)
  }

  /** The buckets are numbered by the hash's last bits: as many of them as there are buckets for. */
  #bucketOf(hash: number): number {
    const highest = highestBitOf(this.#size)
    const bucket = hash & (2 * highest - 1)
    return bucket < this.#size ? bucket : bucket - highest
  }
}

const highestBitOf = (integer: number): number => 1 << (31 - Math.clz32(integer))

/** Of ids that are random: nobody else chooses under which ids sessions are stored. */
function hashOf(id: string): number {
  let hash = 0
  for (let at = 0; at < id.length; at++) hash = (Math.imul(hash, 31) + id.charCodeAt(at)) | 0
  return hash
}
