import { CellList, NOBODY } from './cell-list.ts'
import { integers } from './paged-array.ts'

/** Sizes of cells: as many bytes apart up to `FINE_BITS` bits, and then eight for each doubling. */
const FINE = 64
const FINE_BITS = 9
const FINE_SIZES = 2 ** FINE_BITS / FINE
const BITS_PER_DOUBLING = 3

/**
 * Bytes for each slot, outside the heap: the garbage collector neither moves nor marks them, which stops the event loop
 * when there are a million of them.
 */
export class SlotBytes {
  /** By size; made when it is needed. */
  readonly #lists: CellList[] = []
  readonly #cells = integers()
  readonly #lengths = integers()

  /** @param slot that has been set */
  get(slot: number): Buffer {
    const length = this.#lengths.get(slot)
    return this.#listFor(length).get(this.#cells.get(slot), length)
  }

  /** @param slot that has been set */
  equals(slot: number, bytes: Uint8Array): boolean {
    const { length } = bytes
    return length === this.#lengths.get(slot) && this.#listFor(length).equals(this.#cells.get(slot), bytes)
  }

  /**
   * @param slot that has been set
   * @param text well-formed: without a lone surrogate
   */
  equalsText(slot: number, text: string): boolean {
    const length = this.#lengths.get(slot)
    return this.#listFor(length).equalsText(this.#cells.get(slot), length, text)
  }

  /** @param slot the next one: as many have been set */
  push(slot: number, bytes: Uint8Array): void {
    this.#cells.set(slot, this.#listFor(bytes.length).add(slot, bytes))
    this.#lengths.set(slot, bytes.length)
  }

  /** @param slot that has been set */
  set(slot: number, bytes: Uint8Array): void {
    const list = this.#listFor(bytes.length)
    if (list === this.#listFor(this.#lengths.get(slot))) {
      list.put(this.#cells.get(slot), bytes)
    } else {
      this.#free(slot)
      this.#cells.set(slot, list.add(slot, bytes))
    }
    this.#lengths.set(slot, bytes.length)
  }

  /**
   * Removes a slot, whose number the last one takes.
   * @param last the last one
   */
  remove(slot: number, last: number): void {
    this.#free(slot)
    if (slot !== last) {
      const length = this.#lengths.get(last)
      const cell = this.#cells.get(last)
      this.#listFor(length).own(cell, slot)
      this.#cells.set(slot, cell)
      this.#lengths.set(slot, length)
    }
    this.#cells.truncate(last)
    this.#lengths.truncate(last)
  }

  #free(slot: number): void {
    const cell = this.#cells.get(slot)
    const moved = this.#listFor(this.#lengths.get(slot)).remove(cell)
    if (moved !== NOBODY) this.#cells.set(moved, cell)
  }

  #listFor(length: number): CellList {
    const index = sizeIndexOf(length)
    this.#lists[index] ??= new CellList(sizeAt(index))
    return this.#lists[index]
  }
}

function sizeIndexOf(length: number): number {
  if (length <= 2 ** FINE_BITS) return Math.max(0, Math.ceil(length / FINE) - 1)
  const doubling = 31 - Math.clz32(length - 1)
  const eighths = Math.ceil(length / 2 ** (doubling - BITS_PER_DOUBLING))
  return FINE_SIZES + ((doubling - FINE_BITS) << BITS_PER_DOUBLING) + eighths - 2 ** BITS_PER_DOUBLING - 1
}

function sizeAt(index: number): number {
  if (index < FINE_SIZES) return (index + 1) * FINE
  const steps = index - FINE_SIZES
  const eighths = (steps & (2 ** BITS_PER_DOUBLING - 1)) + 2 ** BITS_PER_DOUBLING + 1
  return eighths * 2 ** (FINE_BITS + (steps >> BITS_PER_DOUBLING) - BITS_PER_DOUBLING)
}
