/** One section of the report. */
export interface Section {
  readonly title: string
  /** Explains how to read the table. */
  readonly note: string
  /** The first row is the head. The first cell of each row is a name, and the others are figures. */
  readonly rows: readonly (readonly string[])[]
}

/** A table in plain text. The first column is aligned to the left, the others to the right. */
export function asText({ title, note, rows }: Section): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('   ')
  )
  return [title, note, '', ...lines, ''].join('\n')
}

export function asMarkdown({ title, note, rows }: Section): string {
  const [head = [], ...body] = rows
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const rule = line(head.map((_, i) => (i === 0 ? '---' : '--:')))
  return [`## ${title}`, '', note, '', line(head), rule, ...body.map(line), ''].join('\n')
}
