import { AsyncLocalStorage } from 'node:async_hooks'
import { isThenable } from '../../checks/answers.ts'
import { inTime } from '../../checks/deadline.ts'
import { SessionOptionsError, SessionUnavailableError } from '../../errors.ts'

interface Frame {
  readonly owner: object
  readonly outer: Frame | undefined
  isOver: boolean
}

const frames = new AsyncLocalStorage<Frame>()
let running = 0

/**
 * Calls the function of an `update()`. While the function runs, `isInside(owner)` is true for code that it calls, and for
 * no other code.
 * @param seconds the time limit of the function
 * @throws the error of the function; `FST_SESSION_STORE` if it takes too long
 */
export async function callInside<T>(owner: object, seconds: number, fn: () => T | PromiseLike<T>): Promise<T> {
  const frame = { owner, outer: frames.getStore(), isOver: false }
  const late = () =>
    new SessionUnavailableError({
      cause: new Error(`the function of session.update() gave no answer within ${seconds} s (option "storeTimeout")`)
    })
  running++
  try {
    const answer = frames.run(frame, fn)
    return isThenable(answer) ? await inTime(answer, seconds, late) : answer
  } finally {
    frame.isOver = true
    running--
    // In Node 20 and 22, each promise of the process costs more while an AsyncLocalStorage is in use.
    if (running === 0) frames.disable()
  }
}

/** Whether the caller runs inside a function of that owner, also after an `await`. Costs nothing while no function runs. */
export function isInside(owner: object): boolean {
  let frame = running === 0 ? undefined : frames.getStore()
  while (frame !== undefined && (frame.isOver || frame.owner !== owner)) frame = frame.outer
  return frame !== undefined
}

export const calledInside = (member: string): Error =>
  new SessionOptionsError(
    `session.${member}() was called inside the function of session.update(). It would wait for that function, so call it afterwards`
  )
