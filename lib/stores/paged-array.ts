const PAGE_BITS = 10
/** A power of two, so that a shift finds the page. */
export const PAGE_SIZE = 2 ** PAGE_BITS
const WITHIN = PAGE_SIZE - 1

type Page = Int32Array | Float64Array

/**
 * A list of numbers that never stops the event loop: an array that grows is copied, which takes tens of milliseconds when
 * it has a million elements. This one takes a page more.
 */
export class PagedArray {
  readonly #newPage: () => Page
  readonly #pages: Page[] = []

  /** @param newPage makes an array of `PAGE_SIZE` elements */
  constructor(newPage: () => Page) {
    this.#newPage = newPage
  }

  /** @param index of an element that has been set */
  get(index: number): number {
    return this.#pages[index >>> PAGE_BITS]![index & WITHIN]!
  }

  /** @param index of an element that has been set, or of the next one */
  set(index: number, value: number): void {
    const page = index >>> PAGE_BITS
    if (page === this.#pages.length) this.#pages.push(this.#newPage())
    this.#pages[page]![index & WITHIN] = value
  }

  /**
   * Gives back the memory behind the end, but for a page: a length that goes up and down around the end of one would
   * make a page each time.
   */
  truncate(length: number): void {
    if (this.#pages.length > (length >>> PAGE_BITS) + 2) this.#pages.pop()
  }
}

export const integers = (): PagedArray => new PagedArray(() => new Int32Array(PAGE_SIZE))

export const numbers = (): PagedArray => new PagedArray(() => new Float64Array(PAGE_SIZE))
