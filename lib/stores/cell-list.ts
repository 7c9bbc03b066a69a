import { integers } from './paged-array.ts'

/** A page holds about as much, and at least one cell. */
const PAGE_BYTES = 65_536

/** No owner: the cell was the last one. */
export const NOBODY = -1

/** Cells of one size, without gaps, outside the heap of the garbage collector. Each has an owner: a number. */
export class CellList {
  readonly #size: number
  readonly #pageBits: number
  /** A length that goes up and down around the end of a page would make one each time. */
  readonly #sparePages: number
  readonly #pages: Buffer[] = []
  readonly #owners = integers()
  #length = 0

  /** @param size in bytes */
  constructor(size: number) {
    this.#size = size
    this.#pageBits = size >= PAGE_BYTES ? 0 : 31 - Math.clz32(PAGE_BYTES / size)
    this.#sparePages = this.#pageBits === 0 ? 0 : 1
  }

  /** @returns the new cell */
  add(owner: number, bytes: Uint8Array): number {
    const cell = this.#length++
    if (this.#pagesFor(this.#length) > this.#pages.length) {
      this.#pages.push(Buffer.allocUnsafeSlow(this.#size << this.#pageBits))
    }
    this.#owners.set(cell, owner)
    this.put(cell, bytes)
    return cell
  }

  put(cell: number, bytes: Uint8Array): void {
    this.#pageOf(cell).set(bytes, this.#offsetOf(cell))
  }

  /** A copy. */
  get(cell: number, length: number): Buffer {
    const offset = this.#offsetOf(cell)
    const copy = Buffer.allocUnsafe(length)
    this.#pageOf(cell).copy(copy, 0, offset, offset + length)
    return copy
  }

  equals(cell: number, bytes: Uint8Array): boolean {
    const offset = this.#offsetOf(cell)
    return this.#pageOf(cell).compare(bytes, 0, bytes.length, offset, offset + bytes.length) === 0
  }

  /** @param length of the text's UTF-8, in bytes, if it is the same */
  equalsText(cell: number, length: number, text: string): boolean {
    const offset = this.#offsetOf(cell)
    return this.#pageOf(cell).toString('utf8', offset, offset + length) === text
  }

  own(cell: number, owner: number): void {
    this.#owners.set(cell, owner)
  }

  /** @returns the owner of what was the last cell, and is this one now; `NOBODY`: it was the last one itself */
  remove(cell: number): number {
    const last = --this.#length
    let owner = NOBODY
    if (cell !== last) {
      owner = this.#owners.get(last)
      const from = this.#offsetOf(last)
      this.#pageOf(last).copy(this.#pageOf(cell), this.#offsetOf(cell), from, from + this.#size)
      this.#owners.set(cell, owner)
    }
    this.#owners.truncate(last)
    if (this.#pages.length > this.#pagesFor(last) + this.#sparePages) this.#pages.pop()
    return owner
  }

  #pagesFor(length: number): number {
    return (length + (1 << this.#pageBits) - 1) >>> this.#pageBits
  }

  #pageOf(cell: number): Buffer {
    return this.#pages[cell >>> this.#pageBits]!
  }

  #offsetOf(cell: number): number {
    return (cell & ((1 << this.#pageBits) - 1)) * this.#size
  }
}
