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
 * Calls the function of an `update()`, in the time that a store has. While it runs, `isInside(owner)` is true for what it
 * calls, and for nobody else.
 * @throws what the function throws; `FST_SESSION_STORE` when it does not answer
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
    // In Node 20 and 22 each promise of the process costs more while a storage is in use.
    if (running === 0) frames.disable()
  }
}

/** Whether the caller runs inside a function of that owner, also behind an `await`. Free while no function runs. */
export function isInside(owner: object): boolean {
  let frame = running === 0 ? undefined : frames.getStore()
  while (frame !== undefined && (frame.isOver || frame.owner !== owner)) frame = frame.outer
  return frame !== undefined
}

export const calledInside = (member: string): Error =>
  new SessionOptionsError(
    `session.${member}() was called inside the function of session.update(). It would wait for that function, so call it afterwards`
  )
