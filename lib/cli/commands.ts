import { parseArgs } from 'node:util'
import { suggestion } from '../checks/nearest.ts'
import { KEY_MAKERS } from './keygen.ts'
import { SCHEMA_MAKERS, type SchemaFlags } from './schema.ts'

/** The result of a command: what the process prints, and the code that it exits with. */
export interface CommandResult {
  readonly exitCode: 0 | 2
  readonly stdout: string
  readonly stderr: string
}

const USAGE = `Usage: fastify-starsessions keygen <kind>
       fastify-starsessions schema <database> [--table NAME] [--schema NAME] [--unlogged]

keygen prints a new random key, as text for an environment variable.

  keygen secret     for CookieStore: 32 bytes
  keygen fernet     for FernetEncryptor
  keygen aes-gcm    for AESGCMEncryptor: AES-256
  keygen xchacha20  for XChaCha20Encryptor

schema prints the statements that make the table of a store, for a migration.

  schema postgres   for PostgresStore
  schema sqlite     for SqliteStore

  --table NAME      the name of the table (default: starsessions)
  --schema NAME     PostgreSQL: the schema of the table
  --unlogged        PostgreSQL: a faster table, which is empty after a crash of the server

  -h, --help        prints this
  -v, --version     prints the version
`

const FLAGS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  table: { type: 'string' },
  schema: { type: 'string' },
  unlogged: { type: 'boolean' }
} as const

interface KnownCommand {
  /** What the argument of the command is. */
  readonly argument: string
  readonly makers: Readonly<Record<string, (flags: SchemaFlags) => string>>
  readonly hasFlags: boolean
}

const COMMANDS: Readonly<Record<string, KnownCommand>> = {
  keygen: { argument: 'kind of key', makers: KEY_MAKERS, hasFlags: false },
  schema: { argument: 'database', makers: SCHEMA_MAKERS, hasFlags: true }
}

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
  const { help, version: wantsVersion, ...flags } = values
  if (help) return print(USAGE)
  if (wantsVersion) return print(`${version}\n`)
  const [name, choice, ...rest] = positionals
  if (name === undefined) return refuse('a command is missing')
  if (!Object.hasOwn(COMMANDS, name)) {
    return refuse(`unknown command "${name}": ${suggestion(name, Object.keys(COMMANDS))}`)
  }
  const { argument, makers, hasFlags } = COMMANDS[name]!
  const choices = Object.keys(makers)
  if (choice === undefined) return refuse(`${name} needs a ${argument}: ${choices.join(', ')}`)
  if (!Object.hasOwn(makers, choice)) {
    return refuse(`unknown ${argument.split(' ')[0]} "${choice}": ${suggestion(choice, choices)}`)
  }
  if (rest.length > 0) return refuse(`${name} takes one ${argument}: "${rest[0]}" is too much`)
  const [flag] = Object.keys(flags)
  if (!hasFlags && flag !== undefined) return refuse(`${name} does not know --${flag}`)
  try {
    return print(`${makers[choice]!(flags)}\n`)
  } catch (error) {
    return refuse((error as Error).message)
  }
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: FLAGS, allowPositionals: true })

const print = (stdout: string): CommandResult => ({ exitCode: 0, stdout, stderr: '' })

const refuse = (problem: string): CommandResult => ({
  exitCode: 2,
  stdout: '',
  stderr: `fastify-starsessions: ${problem}\n\n${USAGE}`
})
