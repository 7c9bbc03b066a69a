/**
 * These drive the built package and the examples, or only look at what a benchmark counts: they cover no file of lib/,
 * and nothing else is to be covered.
 */
export default (file) =>
  /^test\/(behaviour\/application|behaviour\/application-in-browsers|behaviour\/browser|docs|examples|package|benchmarks\/.*)\.test\.ts$/.test(
    file
  )
    ? null
    : []
