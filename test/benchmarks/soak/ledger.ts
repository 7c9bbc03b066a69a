export type Operation = 'anonymous' | 'read' | 'write' | 'login' | 'logout' | 'replay'

/** A time in which the store is unavailable. Both times are milliseconds of `performance.now()`. */
export interface Outage {
  readonly name: string
  readonly began: number
  /** When the first request after the outage had succeeded. */
  readonly ended: number
}

interface Unavailable {
  readonly operation: Operation
  readonly began: number
  readonly ended: number
}

/** Counts every answer of the soak, and records what was wrong. */
export class Ledger {
  readonly #answers = new Map<Operation, number>()
  readonly #unavailable: Unavailable[] = []
  readonly #wrong: string[] = []
  /** In milliseconds. */
  #longest = 0

  /** @param status the HTTP status, or the error message if there was no response */
  answered(operation: Operation, status: number | string, began: number): void {
    const ended = performance.now()
    this.#longest = Math.max(this.#longest, ended - began)
    this.#answers.set(operation, (this.#answers.get(operation) ?? 0) + 1)
    if (status === 503) this.#unavailable.push({ operation, began, ended })
    else if (status !== 200) this.wrong(`${operation}: ${status}`)
  }

  wrong(what: string): void {
    this.#wrong.push(what)
  }

  /**
   * Everything that must not happen. That includes a 503 outside an outage, a 503 of a request that needs no store, and
   * an outage without any 503.
   */
  violations(outages: readonly Outage[]): string[] {
    const unexplained = this.#unavailable.filter((failure) => {
      return failure.operation === 'anonymous' || !outages.some((outage) => overlap(outage, failure))
    })
    const unfelt = outages.filter((outage) => this.#during(outage) === 0)
    return [
      ...this.#wrong,
      ...unexplained.map(({ operation, began }) => `${operation}: 503 at ${Math.round(began)} ms`),
      ...unfelt.map(({ name }) => `${name}: and nobody has noticed`)
    ]
  }

  report(outages: readonly Outage[]): string {
    const answers = [...this.#answers].map(([operation, answers]) => `${operation} ${answers}`)
    const failures = outages.map((outage) => {
      return `${outage.name}, ${Math.round(outage.ended - outage.began)} ms: ${this.#during(outage)} answers 503`
    })
    return [`answers: ${answers.join(', ')}`, ...failures, `the longest took ${Math.round(this.#longest)} ms`].join(
      '\n'
    )
  }

  #during(outage: Outage): number {
    return this.#unavailable.filter((failure) => overlap(outage, failure)).length
  }
}

const overlap = (outage: Outage, { began, ended }: Unavailable): boolean =>
  began <= outage.ended && ended >= outage.began
