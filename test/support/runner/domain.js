// Takes the place of the package async-hook-domain in tap. tap asks that package which test an uncaught error belongs to.
// The package follows every promise with async_hooks, which takes two thirds of the CPU time of the tests. Here an uncaught
// error belongs to the test that runs.

const TAP = Symbol.for('TAP private constructor')

/** The innermost test that runs. Of several tests side by side, it is the one that started last. */
function runningTest() {
  let test = globalThis[TAP]
  for (let next = test; next !== undefined; [next] = [...next.activeSubtests].reverse()) test = next
  return test?.results ? undefined : test
}

const { emit } = process
process.emit = function (event, ...args) {
  const isError = event === 'uncaughtException' || event === 'unhandledRejection'
  // A test that listens for these events handles the errors itself.
  const test = isError && process.listenerCount(event) === 0 ? runningTest() : undefined
  if (test === undefined) return emit.call(this, event, ...args)
  test.hookDomain.onerror(args[0], event)
  return true
}

export class Domain {
  constructor(onerror) {
    this.onerror = onerror
  }

  destroy() {}
}
