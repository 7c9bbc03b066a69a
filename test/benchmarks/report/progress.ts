/** What is going on, for whoever waits: on standard error, the report is on standard output. */
export function progress(what: string): void {
  process.stderr.write(`... ${what}\n`)
}
