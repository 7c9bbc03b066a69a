/** Bars that belong together, for one scenario and one kind of store. */
export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly name: string
  readonly kind: 'ours' | 'limit' | 'peer'
  readonly value: number
}

// All colours are readable on white and on black, because a README may be shown on either.
const TEXT = '#768390'
const COLORS: Readonly<Record<Bar['kind'], string>> = { ours: '#2f81f7', limit: '#8b949e', peer: '#d9822b' }

const WIDTH = 760
const LABELS = 250
const FIGURES = 60
const BAR = 16
const PITCH = 22
const TITLE = 34

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** A bar chart as SVG. All bars have the same scale. */
export function barChart(title: string, groups: readonly BarGroup[]): string {
  const longest = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)))
  const parts: string[] = []
  let y = 28
  for (const { title: name, bars } of groups) {
    y += TITLE
    parts.push(`<text x="0" y="${y - 8}" font-weight="bold">${escaped(name)}</text>`)
    for (const { name: label, kind, value } of bars) {
      const length = Math.max(1, (Math.max(0, value) / longest) * (WIDTH - LABELS - FIGURES))
      parts.push(
        `<text x="${LABELS - 8}" y="${y + 12}" text-anchor="end">${escaped(label)}</text>`,
        `<rect x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${COLORS[kind]}"/>`,
        `<text x="${(LABELS + length + 6).toFixed(1)}" y="${y + 12}">${value.toFixed(1)}</text>`
      )
      y += PITCH
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 4}" width="${WIDTH}" height="${y + 4}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="13" fill="${TEXT}">`,
    `<text x="0" y="18" font-size="15">${escaped(title)}</text>`,
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}
