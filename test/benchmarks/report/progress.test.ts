import t from 'tap'
import { Progress } from './progress.ts'

const HTTP = { name: 'over HTTP', seconds: 60 }
const MEMORY = { name: 'memory', seconds: 30 }

function output(isTTY: boolean) {
  const written: string[] = []
  return { written, isTTY, columns: 30, write: (text: string) => written.push(text) }
}

t.test('a line says what runs now, since when, and how long the whole run takes', async (t) => {
  let now = 5_000
  const log = output(false)
  const progress = new Progress([HTTP, MEMORY], log, () => now)
  progress.begin(HTTP)
  now += 70_000
  progress.begin(MEMORY)('1,000 sessions')
  t.same(log.written, ['[0:00 of about 1:30] over HTTP\n', '[1:10 of about 1:40] memory\n'])
})

t.test('a log gets a line in ten seconds, a terminal gets each line in place of the one before', async (t) => {
  let now = 0
  const [log, terminal] = [output(false), output(true)]
  const tells = [log, terminal].map((one) => new Progress([HTTP], one, () => now).begin(HTTP))
  for (now = 3_000; now <= 12_000; now += 3_000) for (const tell of tells) tell(`round ${now / 3_000}`)
  t.same(log.written, ['[0:00 of about 1:00] over HTTP\n', '[0:12 of about 1:00] over HTTP: round 4\n'])
  t.equal(terminal.written.length, 5)
  t.equal(terminal.written.at(-1), '\r\x1b[K[0:12 of about 1:00] over HTT', 'a line that is too long is cut')
})

t.test('other output can follow on a terminal', async (t) => {
  const [log, terminal] = [output(false), output(true)]
  for (const one of [log, terminal]) new Progress([], one).clear()
  t.same([log.written, terminal.written], [[], ['\r\x1b[K']])
})
