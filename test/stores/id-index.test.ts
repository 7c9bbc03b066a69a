import fc from 'fast-check'
import t from 'tap'
import { IdIndex, NONE } from '../../lib/stores/id-index.ts'

/** The index, and what it is to be: the id of each slot. */
class Model {
  readonly index = new IdIndex()
  readonly ids: string[] = []

  add(id: string): void {
    const slot = this.index.add(id)
    if (slot !== this.ids.length) throw new Error(`${id} got slot ${slot}, not the next one`)
    this.ids.push(id)
  }

  remove(id: string): void {
    const slot = this.ids.indexOf(id)
    const last = this.index.remove(slot)
    if (last !== this.ids.length - 1) throw new Error(`slot ${last} is not the last one`)
    const moved = this.ids.pop()!
    if (slot !== last) this.ids[slot] = moved
  }

  check(unknown: Iterable<string>): void {
    if (this.index.size !== this.ids.length) throw new Error(`${this.index.size} ids, not ${this.ids.length}`)
    this.ids.forEach((id, slot) => {
      if (this.index.find(id) !== slot) throw new Error(`${id} is at ${this.index.find(id)}, not at ${slot}`)
    })
    for (const id of unknown) if (this.index.find(id) !== NONE) throw new Error(`${id} is still there`)
  }
}

t.test('an empty index finds nothing', async (t) => {
  const index = new IdIndex()
  t.equal(index.size, 0)
  t.equal(index.find('a'), NONE)
  index.remove(index.add('a'))
  t.equal(index.find('a'), NONE)
})

t.test('whatever comes and goes, each id is found in its slot, and no other', async (t) => {
  // Few letters: many ids whose hashes end in the same bits.
  const ids = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '\u00e9'), maxLength: 6 }), {
    minLength: 1,
    maxLength: 40
  })
  fc.assert(
    fc.property(ids, fc.array(fc.nat({ max: 39 }), { maxLength: 200 }), (all, picks) => {
      const model = new Model()
      for (const pick of picks) {
        const id = all[pick % all.length]!
        if (model.ids.includes(id)) model.remove(id)
        else model.add(id)
        model.check(all.filter((other) => !model.ids.includes(other)))
      }
    })
  )
  t.pass('always')
})

t.test('ids of one hash are told apart', async (t) => {
  // 31 * 66 + 66 === 31 * 67 + 35
  const model = new Model()
  for (const id of ['BB', 'C#', 'BBBB', 'C#C#', 'BBC#', 'C#BB']) model.add(id)
  model.check(['C#B', 'BBC'])
  model.remove('C#')
  model.remove('BBBB')
  model.check(['C#', 'BBBB'])
  t.equal(model.index.size, 4)
})

t.test('many ids, over several pages, up and down', async (t) => {
  const model = new Model()
  const all = Array.from({ length: 5_000 }, (_, number) => `session-${number}`)
  for (const id of all) model.add(id)
  model.check(['session', 'session-5000'])
  for (const id of all.slice(0, 4_990)) model.remove(id)
  model.check(all.slice(0, 4_990))
  for (const id of all.slice(0, 100)) model.add(id)
  model.check(all.slice(100, 4_990))
  t.equal(model.index.size, 110)
})
