/** An operation that waits at a gate. */
export interface Waiting {
  /** Whose it is. */
  readonly request: number
  /** What it works on, under a name that is the same in each run. */
  readonly key: string
  readonly isRead: boolean
}

interface Step {
  readonly able: readonly Waiting[]
  /** Those that need not go first here: the orders in which they do have been walked, or are no different. */
  readonly asleep: Map<number, Waiting>
  chosen: number
}

/** Which of two comes first makes no difference. */
const commute = (one: Waiting, other: Waiting): boolean => one.key !== other.key || (one.isRead && other.isRead)

/**
 * Walks through all orders of the operations of some requests, depth first. Of the orders that differ only in operations
 * that commute one is walked (sleep sets: Godefroid, Partial-Order Methods for the Verification of Concurrent Systems).
 *
 * @param run goes through one order from the beginning, and asks at each step who goes on
 * @returns how many orders there are
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

/** The next order: `false`, there is none. */
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
