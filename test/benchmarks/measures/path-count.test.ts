import t, { type Test } from 'tap'
import { BARE } from '../columns/index.ts'
import { oursInMemory } from '../columns/ours.ts'
import { Clients } from '../scenarios/clients.ts'
import { dataOfSize } from '../scenarios/session-data.ts'
import { countPath } from './path-count.ts'

async function clientsOf(t: Test, { open }: typeof BARE): Promise<Clients> {
  const bench = { counted: <Store>(store: Store) => store, newData: dataOfSize(200), rolling: false }
  const app = await open(bench as Parameters<typeof open>[0])
  t.teardown(() => app.close())
  const clients = new Clients(app)
  await clients.start()
  return clients
}

t.test('a request to a bare route runs nothing of the library', async (t) => {
  t.match(await countPath(await clientsOf(t, BARE), 'S1'), { functions: 0, files: 0, calls: 0 })
})

t.test('a change runs more functions than a read, and creates no further promise in memory', async (t) => {
  const clients = await clientsOf(t, oursInMemory)
  const [read, change] = [await countPath(clients, 'S1'), await countPath(clients, 'S2')]
  const login = await countPath(clients, 'S5')
  t.ok(read.functions > 20 && change.functions > read.functions, `${read.functions} and ${change.functions}`)
  t.equal(change.promises, read.promises)
  t.ok(login.promises > read.promises, 'its handler awaits')
  t.ok(read.files > 5, 'the files of the bundle are told apart')
  t.ok(read.files < read.functions && read.functions <= read.calls)
})
