import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { suggestion } from '../checks/nearest.ts'
import { AESGCMEncryptor } from '../encryptors/aes-gcm.ts'
import { FernetEncryptor } from '../encryptors/fernet.ts'
import { XChaCha20Encryptor } from '../encryptors/xchacha20.ts'
import { SECRET_BYTES } from '../stores/cookie.ts'

/** The result of a command: what the process prints, and the code that it exits with. */
export interface CommandResult {
  readonly exitCode: 0 | 2
  readonly stdout: string
  readonly stderr: string
}

const KINDS: Readonly<Record<string, () => string>> = {
  secret: () => randomBytes(SECRET_BYTES).toString('base64url'),
  fernet: () => FernetEncryptor.generateKey(),
  'aes-gcm': () => AESGCMEncryptor.generateKey(),
  xchacha20: () => XChaCha20Encryptor.generateKey()
}

const USAGE = `Usage: fastify-starsessions keygen <kind>

Prints a new random key, as text for an environment variable.

  keygen secret     for CookieStore: 32 bytes
  keygen fernet     for FernetEncryptor
  keygen aes-gcm    for AESGCMEncryptor: AES-256
  keygen xchacha20  for XChaCha20Encryptor

  -h, --help        prints this
  -v, --version     prints the version
`

const FLAGS = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const

/**
 * Runs one command.
 * @param args the command line, without the name of the program
 * @param version the version of the package, for `--version`
 */
export function runCommand(args: readonly string[], version: string): CommandResult {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    return refuse((error as Error).message)
  }
  const { values, positionals } = parsed
  if (values.help) return print(USAGE)
  if (values.version) return print(`${version}\n`)
  const [command, kind, ...rest] = positionals
  if (command === undefined) return refuse('a command is missing')
  if (command !== 'keygen') return refuse(`unknown command "${command}": did you mean "keygen"?`)
  const kinds = Object.keys(KINDS)
  if (kind === undefined) return refuse(`keygen needs a kind of key: ${kinds.join(', ')}`)
  if (!Object.hasOwn(KINDS, kind)) return refuse(`unknown kind "${kind}": ${suggestion(kind, kinds)}`)
  if (rest.length > 0) return refuse(`keygen takes one kind of key: "${rest[0]}" is too much`)
  return print(`${KINDS[kind]!()}\n`)
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })

const print = (stdout: string): CommandResult => ({ exitCode: 0, stdout, stderr: '' })

const refuse = (problem: string): CommandResult => ({
  exitCode: 2,
  stdout: '',
  stderr: `fastify-starsessions: ${problem}\n\n${USAGE}`
})
