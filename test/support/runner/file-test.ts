import { pathToFileURL } from 'node:url'
import root, { type Test } from 'tap'

export * from 'tap'

let current: Test = root

/** What `import t from 'tap'` gives a test file that shares its process: the test of that file, with its own teardown. */
export { current as default }

/** Runs a test file in this process, after those that were started before. */
export const run = (file: string) =>
  root.test(file, async (t) => {
    // Runs after the teardown of the file itself.
    t.teardown(() => {
      for (const event of ['unhandledRejection', 'uncaughtException']) {
        if (process.listenerCount(event) > 0) throw new Error(`the file still listens for ${event}, and hides errors`)
      }
    })
    current = t
    await import(`${pathToFileURL(file).href}?together`)
  })
