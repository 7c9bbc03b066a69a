import fc from 'fast-check'
import t from 'tap'
import { SlotBytes } from '../../lib/stores/slot-bytes.ts'

const bytesOf = (length: number, fill: number) => Buffer.alloc(length, fill)

/** Around the ends of sizes, and up to cells that fill a page or more. */
const length = fc.oneof(
  fc.constantFrom(0, 1, 63, 64, 65, 511, 512, 513, 1024, 1025, 65_535, 65_536, 65_537),
  fc.nat({ max: 2_000 }),
  fc.nat({ max: 200_000 })
)

const step = fc.record({
  what: fc.constantFrom('push', 'push', 'set', 'remove'),
  at: fc.nat(),
  length,
  fill: fc.integer({ min: 1, max: 255 })
})

t.test('the bytes of each slot are what was set, whatever was set and removed beside them', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new SlotBytes()
      const model: Buffer[] = []
      for (const { what, at, length, fill } of steps) {
        const bytes = bytesOf(length, fill)
        const slot = model.length === 0 ? 0 : at % model.length
        if (what === 'push' || model.length === 0) {
          slots.push(model.length, bytes)
          model.push(bytes)
        } else if (what === 'set') {
          slots.set(slot, bytes)
          model[slot] = bytes
        } else {
          slots.remove(slot, model.length - 1)
          const last = model.pop()!
          if (slot < model.length) model[slot] = last
        }
        for (const [slot, bytes] of model.entries()) {
          if (!slots.get(slot).equals(bytes)) return false
          if (!slots.equals(slot, bytes)) return false
          if (slots.equals(slot, Buffer.concat([bytes, Buffer.of(0)]))) return false
          if (bytes.length > 0 && slots.equals(slot, bytesOf(bytes.length, (bytes[0]! % 255) + 1))) return false
        }
      }
      return true
    }),
    { numRuns: 300 }
  )
})

t.test('what is handed out is a copy', async (t) => {
  const slots = new SlotBytes()
  slots.push(0, Buffer.from('alice'))
  slots.get(0).fill(0)
  t.equal(String(slots.get(0)), 'alice')
})

t.test('a text is equal to its UTF-8', async (t) => {
  const slots = new SlotBytes()
  for (const [slot, text] of ['', 'id', '\u00e9', '\u{1f600}'].entries()) {
    slots.push(slot, Buffer.from(text))
    t.equal(slots.equalsText(slot, text), true, text)
    t.equal(slots.equalsText(slot, `${text}x`), false)
    t.equal(slots.equalsText(slot, 'di'), false)
  }
})
