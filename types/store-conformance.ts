import type { StarsessionsOptions } from './options.ts'
import type { SessionStore } from './store.ts'

/** A store to test, as `make` returns it. Each case gets a subject of its own. */
export interface Subject {
  /**
   * The store. Several subjects may share one database, because each case uses ids that no other case uses, also in
   * other processes.
   */
  readonly store: SessionStore
  /** Lets seconds pass for the store, for example with a fake clock. Without it, the cases wait. */
  advance?(seconds: number): void | Promise<void>
  /**
   * Breaks the database behind the store, for example by stopping the server. Without it, no case looks at failures.
   * @returns a function that mends the database
   */
  break?(): Promise<() => void | Promise<void>>
  /** Called after each case. Close connections here. */
  close?(): void | Promise<void>
}

/** One promise of a store, and a test of it. Pass both to the test runner: `test(title, run)`. */
export interface Case {
  /** The promise, as a sentence. */
  readonly title: string
  /**
   * Makes a subject, tests the promise and closes the subject. A case without `advance` may take some seconds.
   * @throws `AssertionError` of `node:assert` if the store does not keep the promise
   */
  run(): Promise<void>
}

/** The options of `interleavingCases()`. */
export interface InterleavingOptions {
  /**
   * `true`: also tests all combinations of three requests. That takes about ten times as long.
   * @default false
   */
  readonly threes?: boolean
  /**
   * Options of the plugin, for all requests. For example, `{ lifetime: 60, rolling: true }` also tests `touch()`.
   * @default {}
   */
  readonly plugin?: Pick<StarsessionsOptions, 'absoluteLifetime' | 'concurrency' | 'lifetime' | 'rolling'>
}
