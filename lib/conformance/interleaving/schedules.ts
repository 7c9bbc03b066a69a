/** An operation that waits at a gate. */
export interface Waiting {
  /** The number of the request that makes the operation. */
  readonly request: number
  /** The name of the record that the operation works on. It is the same in each run. */
  readonly key: string
  readonly name: string
  readonly isRead: boolean
}

interface Step {
  readonly able: readonly Waiting[]
  /** Requests that need not go first here. The orders that start with them were already walked, or make no difference. */
  readonly asleep: Map<number, Waiting>
  chosen: number
}

/** Whether the order of two operations makes no difference. */
const commute = (one: Waiting, other: Waiting): boolean => one.key !== other.key || (one.isRead && other.isRead)

/**
 * Walks through all orders of the operations of some requests, depth first. If two orders differ only in operations that
 * commute, it walks one of them. This uses sleep sets (Godefroid, Partial-Order Methods for the Verification of Concurrent
 * Systems).
 *
 * @param run goes through one order from the start. At each step it calls `choose`, which says which operation goes next.
 * @returns the number of orders
 */
export async function walkSchedules(
  run: (choose: (able: readonly Waiting[]) => number) => Promise<void>
): Promise<number> {
  const path: Step[] = []
  let schedules = 0
  do {
    let depth = 0
    let isKnown = false
    await run((able) => {
      if (depth === path.length && !isKnown) {
        const asleep = stillAsleep(path.at(-1))
        const chosen = able.findIndex(({ request }) => !asleep.has(request))
        if (chosen < 0) isKnown = true
        else path.push({ able, asleep, chosen })
      }
      return path[depth++]?.chosen ?? 0
    })
    if (!isKnown) schedules++
  } while (goOn(path))
  return schedules
}

function stillAsleep(before: Step | undefined): Map<number, Waiting> {
  if (before === undefined) return new Map()
  const { able, asleep, chosen } = before
  return new Map([...asleep].filter(([, waiting]) => commute(waiting, able[chosen]!)))
}

/** Prepares the next order. Returns `false` if there is none. */
function goOn(path: Step[]): boolean {
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const walked = step.able[step.chosen]!
    step.asleep.set(walked.request, walked)
    const { asleep } = step
    step.chosen = step.able.findIndex(({ request }) => !asleep.has(request))
    if (step.chosen >= 0) return true
    path.pop()
  }
  return false
}
