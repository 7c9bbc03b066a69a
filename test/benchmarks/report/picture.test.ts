import t from 'tap'
import { barChart } from './picture.ts'

const bar = (name: string, value: number) => ({ name, kind: 'ours' as const, value })

t.test('all bars have the same scale, and the longest bar fits into the picture', async (t) => {
  const svg = barChart('Costs', [
    { title: 'First', bars: [bar('a', 100), bar('b', 50)] },
    { title: 'Second', bars: [bar('c', 25), bar('d', -3)] }
  ])
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width))
  t.same(widths, [450, 225, 112.5, 1], 'a negative cost has a bar of one pixel')
  t.match(svg, />-3\.0<\/text>/)
})

t.test('the picture is tall enough for its last bar', async (t) => {
  const svg = barChart('Costs', [{ title: 'One', bars: [bar('a', 1), bar('b', 1), bar('c', 1)] }])
  const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1])
  const last = [...svg.matchAll(/<rect [^>]*y="(\d+)"[^>]*height="(\d+)"/g)].at(-1)
  t.ok(Number(last?.[1]) + Number(last?.[2]) <= height)
})

t.test('names are escaped: markup in a name stays text', async (t) => {
  const svg = barChart('A & B', [{ title: '<script>', bars: [bar('"x"', 1)] }])
  t.match(svg, /A &amp; B/)
  t.notMatch(svg, /<script>/)
  t.match(svg, /&quot;x&quot;/)
})
