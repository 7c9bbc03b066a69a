import t from 'tap'
import { runCommand } from '../../lib/cli/commands.ts'
import { AESGCMEncryptor, CookieStore, FernetEncryptor } from '../../lib/index.ts'
import { XChaCha20Encryptor } from '../../lib/sodium.ts'

const run = (...args: string[]) => runCommand(args, '1.2.3')

t.test('keygen prints a new key each time, and its class accepts the key', async (t) => {
  const takes: Record<string, (key: string) => unknown> = {
    secret: (secretKey) => new CookieStore({ secretKey }),
    fernet: (key) => new FernetEncryptor(key),
    'aes-gcm': (key) => new AESGCMEncryptor(key),
    xchacha20: (key) => new XChaCha20Encryptor(key)
  }
  for (const [kind, take] of Object.entries(takes)) {
    const { exitCode, stdout, stderr } = run('keygen', kind)
    t.same([exitCode, stderr], [0, ''])
    t.match(stdout, /^[\w-]{43}=?\n$/, 'one line that needs no quotes')
    t.equal(Buffer.from(stdout, 'base64url').length, 32)
    t.doesNotThrow(() => take(stdout.trim()))
    t.not(run('keygen', kind).stdout, stdout)
  }
})

t.test('help and version are printed to stdout, in any position of the command line', async (t) => {
  for (const args of [['--help'], ['-h'], ['keygen', '--help']]) {
    t.match(run(...args), { exitCode: 0, stdout: /^Usage: fastify-starsessions keygen <kind>\n/, stderr: '' })
  }
  for (const args of [['--version'], ['-v']]) t.same(run(...args), { exitCode: 0, stdout: '1.2.3\n', stderr: '' })
})

t.test('a wrong command line gives exit code 2, with the reason and the usage on stderr', async (t) => {
  const wrong: [string[], RegExp][] = [
    [[], /a command is missing/],
    [['genkey'], /unknown command "genkey": known are keygen, schema/],
    [['keygen'], /keygen needs a kind of key: secret, fernet, aes-gcm, xchacha20/],
    [['keygen', 'aesgcm'], /unknown kind "aesgcm": did you mean "aes-gcm"\?/],
    [['keygen', 'toString'], /unknown kind "toString"/],
    [['keygen', 'secret', 'fernet'], /"fernet" is too much/],
    [['keygen', 'secret', '--bytes=64'], /--bytes/],
    [['--help=yes'], /--help/]
  ]
  for (const [args, message] of wrong) {
    const { exitCode, stdout, stderr } = run(...args)
    t.same([exitCode, stdout], [2, ''])
    t.match(stderr, /^fastify-starsessions: /)
    t.match(stderr, message)
    t.match(stderr, /\n\nUsage: /)
  }
})
