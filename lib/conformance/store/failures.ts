import { type Add, type Context, HOUR, utf8 } from '../cases.ts'
import { expect, expectSame } from '../expect.ts'

/** A client should give up within this time, and find the mended database. The plugin answers with 503 long before. */
const PATIENCE_SECONDS = 10
const RETRY_MS = 50

const CALLED = ['read', 'write', 'remove', 'touch', 'replace', 'move'] as const
type Method = (typeof CALLED)[number]

/** What each method does with a session that has the text "kept". */
const CALLS: Record<Method, (store: Context['store'], id: string) => unknown> = {
  read: (store, id) => store.read(id, HOUR),
  write: (store, id) => store.write(id, utf8('changed'), HOUR, HOUR),
  remove: (store, id) => store.remove(id),
  touch: (store, id) => store.touch?.(id, HOUR, HOUR),
  replace: (store, id) => store.replace?.(id, utf8('kept'), utf8('changed'), HOUR, HOUR),
  move: (store, id) => store.move?.(id, utf8('kept'), utf8('moved'), 60, `${id}-new`, utf8('kept'), HOUR, HOUR)
}

export function failureCases(add: Add): void {
  add('while the database is broken, each method rejects, and it works again afterwards', async (context) => {
    const { store, id, text } = context
    const methods = CALLED.filter((name) => store[name] !== undefined)
    for (const name of methods) await store.write(`${id}-${name}`, utf8('kept'), HOUR, HOUR)
    const mend = await context.breakDown()
    try {
      for (const name of methods) await expectRejects(name, () => CALLS[name](store, `${id}-${name}`))
      await expectRejects('read', () => store.read(`${id}-unknown`, HOUR))
    } finally {
      await mend()
    }
    await reconnected(() => text(`${id}-unknown`, HOUR))
    expectSame(await text(`${id}-read`, HOUR), 'kept', 'read() after the database was mended')
    await store.write(`${id}-write`, utf8('new'), HOUR, HOUR)
    expectSame(await text(`${id}-write`, HOUR), 'new', 'read() after a write() to the mended database')
    await store.remove(`${id}-remove`)
    expectSame(await text(`${id}-remove`, HOUR), null, 'read() after a remove() from the mended database')
  })
}

/** Waits until a call succeeds. After too long, it throws the error of the call. */
async function reconnected(call: () => Promise<unknown>): Promise<void> {
  for (let left = (PATIENCE_SECONDS * 1000) / RETRY_MS; ; left--) {
    try {
      return void (await call())
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** @throws `AssertionError` if the call resolves, or does nothing for too long */
async function expectRejects(name: Method, call: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<string>((resolve) => {
    timer = setTimeout(
      resolve,
      PATIENCE_SECONDS * 1000,
      `must reject within ${PATIENCE_SECONDS} s: give the client a time limit`
    )
  })
  const answer = (async () => call())().then(
    () => 'must reject, not resolve: nobody may be logged out, and no write may seem to be stored',
    () => undefined
  )
  const fault = await Promise.race([answer, silence]).finally(() => clearTimeout(timer))
  expect(fault === undefined, `while the database is broken, ${name}() ${fault}`)
}
