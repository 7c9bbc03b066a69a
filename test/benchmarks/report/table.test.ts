import t from 'tap'
import { asMarkdown, asText } from './table.ts'

const section = {
  title: 'Costs',
  note: 'Microseconds.',
  rows: [
    ['', 'S0', 'S1'],
    ['a | b', '0.5', '12.25']
  ]
}

t.test('as text, names are aligned to the left and figures to the right', async (t) => {
  t.equal(asText(section), ['Costs', 'Microseconds.', '', '         S0      S1', 'a | b   0.5   12.25', ''].join('\n'))
})

t.test('as Markdown, a bar in a name does not end its cell', async (t) => {
  const lines = [
    '## Costs',
    '',
    'Microseconds.',
    '',
    '|  | S0 | S1 |',
    '| --- | --: | --: |',
    '| a \\| b | 0.5 | 12.25 |',
    ''
  ]
  t.equal(asMarkdown(section), lines.join('\n'))
})
