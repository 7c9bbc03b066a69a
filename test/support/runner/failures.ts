interface OpenTest {
  readonly title: string
  readonly line: string
  isShown: boolean
}

/** The part of the TAP output of a test file that says what failed, and in which test. It is empty if nothing failed. */
export function failuresOf(tap: string): string {
  const shown: string[] = []
  /** The tests that run at this line, from the outermost. Each level has four more spaces. */
  const open: OpenTest[] = []
  let isDetail = false
  for (const line of tap.split('\n')) {
    const depth = Math.floor(Math.max(0, line.search(/\S/)) / 4)
    const [, title] = /^ *# Subtest: (.*)$/.exec(line) ?? []
    if (title !== undefined) open.splice(depth, open.length, { title, line, isShown: false })
    const [, not, result] = /^ *(not )?ok \d+(?: - (.*?)(?: # time=.*)?)?$/.exec(line) ?? []
    if (not !== undefined) {
      const around = open.slice(0, depth)
      // A test fails if something in it has failed, and that is shown already.
      isDetail = !(open[depth]?.title === result && open[depth]?.isShown)
      if (isDetail) {
        shown.push(...around.filter(({ isShown }) => !isShown).map((test) => test.line))
        for (const test of around) test.isShown = true
      }
    }
    if (isDetail) shown.push(line)
    if (/^ *\.\.\.$/.test(line)) isDetail = false
  }
  return shown.join('\n')
}
