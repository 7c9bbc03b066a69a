/** Says what a measurement is doing now. */
export type Tell = (what: string) => void

/** A part of a long run. */
export interface Part {
  readonly name: string
  /** About how long it takes. */
  readonly seconds: number
}

/** Standard error, because standard output is for the report. */
interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Seconds between two lines if the output is no terminal, so that a log stays short. */
const PAUSE = 10

const START_OF_LINE = '\r\x1b[K'

function clock(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/**
 * Tells the waiting user what is being measured, and how long the whole run takes. On a terminal, it writes one line again
 * and again. Elsewhere it writes a line for each part, and now and then one in between.
 */
export class Progress {
  readonly #parts: readonly Part[]
  readonly #output: Output
  readonly #now: () => number
  readonly #start: number
  #last = Number.NEGATIVE_INFINITY

  /** @param now milliseconds */
  constructor(parts: readonly Part[], output: Output = process.stderr, now: () => number = () => performance.now()) {
    this.#parts = parts
    this.#output = output
    this.#now = now
    this.#start = now()
  }

  /** Begins a part. Parts may take longer than planned, so each of them estimates the end anew. */
  begin(part: Part): Tell {
    const rest = this.#parts.slice(this.#parts.indexOf(part)).reduce((sum, { seconds }) => sum + seconds, 0)
    const total = this.#elapsed + rest
    this.#last = Number.NEGATIVE_INFINITY
    const tell = (what: string) => this.#write(`[${clock(this.#elapsed)} of about ${clock(total)}] ${part.name}${what}`)
    tell('')
    return (what) => tell(`: ${what}`)
  }

  /** Removes the line from a terminal, so that other output can follow. */
  clear(): void {
    if (this.#output.isTTY) this.#output.write(START_OF_LINE)
  }

  get #elapsed(): number {
    return (this.#now() - this.#start) / 1000
  }

  #write(line: string): void {
    if (this.#output.isTTY) {
      this.#output.write(START_OF_LINE + line.slice(0, (this.#output.columns ?? 80) - 1))
    } else if (this.#elapsed - this.#last >= PAUSE) {
      this.#last = this.#elapsed
      this.#output.write(`${line}\n`)
    }
  }
}
