/** Tells the waiting user what is being measured. Uses standard error, because standard output is for the report. */
export function progress(what: string): void {
  process.stderr.write(`... ${what}\n`)
}
