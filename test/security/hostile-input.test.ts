import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { AESGCMEncryptor } from '../../lib/encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../../lib/encryptors/fernet.ts'
import { CookieStore } from '../../lib/stores/cookie.ts'
import type { Encryptor } from '../../types/encryptor.ts'
import type { StarsessionsOptions } from '../../types/options.ts'
import { type Answer, cookieValue, type Handler, testApp } from '../support/app.ts'
import { MapStore } from '../support/map-store.ts'
import { forEach, leaks, SIGNING_SECRET, subjects } from './subjects.ts'

const stores = await subjects(t)

const VALUE = 'a-value-that-only-the-session-knows'
const login: Handler = (session) => void (session.user = VALUE)
const show: Handler = (session) => ({ id: session.id ?? null, isNew: session.isNew, data: session.data() })

const encryptors: Record<string, () => Encryptor | undefined> = {
  'signed only': () => undefined,
  FernetEncryptor: () => new FernetEncryptor(FernetEncryptor.generateKey()),
  AESGCMEncryptor: () => new AESGCMEncryptor(AESGCMEncryptor.generateKey())
}

const withEncryptor = (encryptor: Encryptor | undefined): StarsessionsOptions => (encryptor ? { encryptor } : {})

/** An application with one session that an attacker tries to open. */
async function target(t: Test, options: StarsessionsOptions) {
  const { send, log } = await testApp(t, options, (app) => {
    app.log.level = 'trace'
  })
  const { cookie = '' } = await send(undefined, login)
  const value = cookieValue(cookie)
  const secrets = new Set([VALUE, value, ...value.split('.').filter((part) => part.length > 16)])
  const fault = ({ status, body, lines }: Answer, sent: string): string | undefined => {
    if (status !== 200) return `status ${status}`
    const { isNew, data, id } = body as { isNew: boolean; data: object; id: string | null }
    if (!isNew || Object.keys(data).length > 0) return 'the cookie opened a session'
    if (id !== null && sent.includes(id)) return 'the id was adopted'
    if (lines.length > 0) return 'a cookie was set'
    return Object.keys(Object.prototype).length > 0 ? 'a prototype was polluted' : undefined
  }
  return {
    value,
    send,
    /** Sends a Cookie header that must not open the session. @returns the fault of the answer, if any */
    try: async (header: string) => fault(await send(header, show), header),
    /** Checks that the log has no secrets and that the session is still there. */
    async finish(t: Test) {
      t.same(leaks(log.map((line) => JSON.stringify(line)).join('\n'), secrets), [], 'the log shows no secret')
      t.match((await send(`session=${value}`, show)).body, { isNew: false, data: { user: VALUE } })
    }
  }
}

type Target = Awaited<ReturnType<typeof target>>

/** No variant may open the session. */
async function refuseAll(t: Test, { try: attempt, value }: Target, variants: Iterable<string>): Promise<void> {
  let count = 0
  for (const variant of variants) {
    if (variant === value || variant.trim() === value) continue
    const fault = await attempt(`session=${variant}`)
    if (fault !== undefined) t.fail(`${fault}: variant ${count}`)
    count++
  }
  t.ok(count > 0, `${count} variants`)
}

function* truncations(value: string): Iterable<string> {
  for (let length = 0; length < value.length; length++) {
    yield value.slice(0, length)
    yield value.slice(length + 1)
  }
}

/** Flips each bit of each character. A character that cannot stand in a cookie ends the value there. */
function* flips(value: string): Iterable<string> {
  for (let at = 0; at < value.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const char = String.fromCharCode(value.charCodeAt(at) ^ (1 << bit))
      yield value.slice(0, at) + char + value.slice(at + 1)
    }
  }
}

function* flippedBytes(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at]! ^= 1 << bit
      yield flipped
    }
  }
}

t.test('a malformed Cookie header counts as a visitor without a session', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const victim = await target(t, { store: subject.make() })
    const { value } = victim
    const percentEncoded = [...value].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('')
    const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter(
      (char) => char.trim() !== ''
    )
    const headers = [
      '',
      ';',
      '=',
      ';;;===;;;',
      'session',
      'session=',
      'session=;',
      'session= ',
      'session==',
      'session=""',
      `session="${value}"`,
      `session=${percentEncoded}`,
      `session=${value.replace(/./, '%$&')}`,
      `session='${value}'`,
      `session = "${value}"`,
      `session=${value},other=1`,
      `session=${value} ${value}`,
      `session=${value}${value}`,
      `"session"=${value}`,
      `Session=${value}`,
      `$Version=1; $session=${value}`,
      `session\0=${value}`,
      `__proto__=${value}; constructor=${value}; toString=1`,
      `session=a${'a'.repeat(2 ** 20)}`,
      `session=${value}${'a'.repeat(2 ** 20)}`,
      `a=${'session='.repeat(2 ** 16)}`,
      `${'a=b; '.repeat(2 ** 16)}session=x`,
      `session${' '.repeat(2 ** 20)}=x`,
      `${'session '.repeat(2 ** 16)}`,
      `session=${'%00'.repeat(100)}`,
      `session=${'A'.repeat(43)}`,
      `session=${'A'.repeat(4_096)}`,
      `session=${randomBytes(32).toString('base64url')}`,
      'session=../../etc/passwd',
      'session=__proto__',
      'session=constructor',
      'session=...',
      'session=.AAAA.',
      ...controls.map((char) => `session=${value}${char}a`),
      ...controls.map((char) => `session=${char}${value}`)
    ]
    for (const [index, header] of headers.entries()) {
      const fault = await victim.try(header)
      if (fault !== undefined) t.fail(`${fault}: header ${index}`)
    }
    await victim.finish(t)
  })
})

t.test('of several cookies of one name, the first one that opens counts, and only a few are tried', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const victim = await target(t, { store: subject.make() })
    const opened = async (cookie: string) => ((await victim.send(cookie, show)).body as { data: object }).data
    const own = `session=${victim.value}`
    for (const other of ['session=', 'session=unknown', 'session="x"', 'session=%00']) {
      t.same(await opened(`${other}; ${own}`), { user: VALUE }, other)
      t.same(await opened(`${own}; ${other}`), { user: VALUE }, other)
    }
    const many = Array.from({ length: 4 }, (_, at) => `session=unknown-${at}`).join('; ')
    t.equal(await victim.try(`${many}; ${own}`), undefined)
    await victim.finish(t)
  })
})

t.test('a signed cookie that is truncated or has any bit changed opens nothing', async (t) => {
  for (const [name, make] of Object.entries(encryptors)) {
    await t.test(name, async (t) => {
      const victim = await target(t, {
        store: new CookieStore({ secretKey: SIGNING_SECRET }),
        ...withEncryptor(make())
      })
      await refuseAll(t, victim, truncations(victim.value))
      await refuseAll(t, victim, flips(victim.value))
      await victim.finish(t)
    })
  }
})

t.test('a signed cookie with the time or signature of another cookie or key opens nothing', async (t) => {
  for (const [name, make] of Object.entries(encryptors)) {
    await t.test(name, async (t) => {
      const encryptor = withEncryptor(make())
      const victim = await target(t, { store: new CookieStore({ secretKey: SIGNING_SECRET }), ...encryptor })
      const other = cookieValue((await victim.send(undefined, (session) => void (session.user = 'mallory'))).cookie)
      const foreign = await target(t, { store: new CookieStore({ secretKey: randomBytes(32) }), ...encryptor })
      const parts = [victim.value, other, foreign.value].map((value) => value.split('.'))
      const mixed = new Set<string>()
      for (const [data] of parts) {
        for (const time of [...parts.map(([, time]) => time), '', 'AAAAAA', '_____w']) {
          for (const signature of [...parts.map((part) => part[2]), '']) mixed.add(`${data}.${time}.${signature}`)
        }
      }
      mixed.delete(other)
      mixed.add(foreign.value).add(`.${victim.value}`).add(`${victim.value}.`).add(victim.value.replaceAll('.', '..'))
      await refuseAll(t, victim, mixed)
      await victim.finish(t)
    })
  }
})

t.test('a signature in another spelling of the same bytes opens nothing', async (t) => {
  const victim = await target(t, { store: new CookieStore({ secretKey: SIGNING_SECRET }) })
  const { value } = victim
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
  await refuseAll(
    t,
    victim,
    last.map((char) => value.slice(0, -1) + char)
  )
  await refuseAll(t, victim, [
    `${value}=`,
    `${value}==`,
    value.replaceAll('-', '+').replaceAll('_', '/'),
    value.replace('.', '=.')
  ])
  await victim.finish(t)
})

t.test('a signed cookie whose ciphertext has any bit changed does not open, even with a right signature', async (t) => {
  for (const [name, make] of Object.entries(encryptors)) {
    if (name === 'signed only') continue
    await t.test(name, async (t) => {
      const store = new CookieStore({ secretKey: SIGNING_SECRET })
      const signer = store.forCookie('session')
      const victim = await target(t, { store, ...withEncryptor(make()) })
      const sign = (bytes: Uint8Array) => signer.write('', bytes, 0, 0)
      const bytes = (await signer.read(victim.value, 0))!
      const variants: string[] = []
      for (const flipped of flippedBytes(bytes)) variants.push(await sign(flipped))
      for (let length = 0; length < bytes.length; length++) variants.push(await sign(bytes.subarray(0, length)))
      const foreign = await target(t, { store, ...withEncryptor(make()) })
      variants.push(foreign.value, await sign(Buffer.from(`{"user":"${VALUE}"}`)))
      await refuseAll(t, victim, variants)
      await victim.finish(t)
    })
  }
})

t.test('ciphertext in the store that is truncated or has any bit changed does not open', async (t) => {
  for (const [name, make] of Object.entries(encryptors)) {
    if (name === 'signed only') continue
    await t.test(name, async (t) => {
      const store = new MapStore()
      const victim = await target(t, { store, ...withEncryptor(make()) })
      const entry = store.entries.get(victim.value)!
      const bytes = entry.data
      const attempt = async (data: Uint8Array) => {
        entry.data = data
        // The id is that of the session. The new session must not take it over.
        const fault = await victim.try(`session=${victim.value}`)
        if (fault !== undefined) t.fail(fault)
      }
      for (const flipped of flippedBytes(bytes)) await attempt(flipped)
      for (let length = 0; length < bytes.length; length++) await attempt(bytes.subarray(0, length))
      entry.data = bytes
      await victim.finish(t)
    })
  }
})

t.test('data that a visitor writes after a bad cookie are stored under a new id', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const victim = await target(t, { store: subject.make() })
    for (const bad of [
      'unknown',
      'A'.repeat(43),
      victim.value.slice(0, -1),
      `${victim.value}A`,
      '%41',
      '"x"',
      'a'.repeat(4_097)
    ]) {
      const { cookie, status, lines } = await victim.send(`session=${bad}`, (session) => void (session.user = 'bob'))
      t.equal(status, 200)
      t.equal(lines.length, 1)
      t.not(cookieValue(cookie), bad)
      t.match((await victim.send(cookie, show)).body, { isNew: false, data: { user: 'bob' } })
    }
    await victim.finish(t)
  })
})

t.test('a random Cookie header never gives an error or opens a session (property)', async (t) => {
  await forEach(t, stores.all, async (t, subject) => {
    const victim = await target(t, { store: subject.make(), lifetime: 60, rolling: true })
    const piece = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'session',
        'session=',
        '=',
        ';',
        '; ',
        '"',
        '.',
        '%',
        '\0',
        '\r\n',
        '\t',
        '__proto__',
        '{"a":1}',
        'e30='
      ),
      fc.base64String(),
      fc.integer({ min: 1, max: victim.value.length - 1 }).map((length) => victim.value.slice(0, length))
    )
    const header = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.array(piece, { maxLength: 4 }).map((pieces) => `session=${pieces.join('')}`)
    )
    await fc.assert(
      fc.asyncProperty(header, async (sent) => {
        const fault = await victim.try(sent)
        if (fault !== undefined) throw new Error(fault)
      }),
      { numRuns: 1_000 }
    )
    await victim.finish(t)
  })
})

t.test('a randomly changed cookie never gives an error or opens a session (property)', async (t) => {
  type Change = { at: number; remove: number; insert: string }
  const change: fc.Arbitrary<Change> = fc.record({
    at: fc.nat(400),
    remove: fc.nat(3),
    insert: fc.oneof(
      fc.base64String({ maxLength: 4 }),
      fc.string({ maxLength: 2 }),
      fc.constantFrom('.', '=', '..', '')
    )
  })
  const apply = (value: string, { at, remove, insert }: Change) => {
    const from = at % value.length
    return value.slice(0, from) + insert + value.slice(from + remove)
  }
  for (const [name, make] of Object.entries(encryptors)) {
    await t.test(name, async (t) => {
      await forEach(t, stores.all, async (t, subject) => {
        const victim = await target(t, { store: subject.make(), ...withEncryptor(make()) })
        await fc.assert(
          fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
            const changed = changes.reduce(apply, victim.value)
            // Text behind a semicolon, and space around the value, are not part of the value.
            const [effective = ''] = changed.split(';', 1)
            fc.pre(effective.trim() !== victim.value)
            const fault = await victim.try(`session=${changed}`)
            if (fault !== undefined) throw new Error(fault)
          }),
          { numRuns: 300 }
        )
        await victim.finish(t)
      })
    })
  }
})
