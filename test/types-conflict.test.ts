import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))
/** tap sets NODE_OPTIONS for child processes. The compiler does not start with these options, so a shell unsets them. */
const compile = (skipLibCheck: boolean) =>
  spawnSync(
    'sh',
    ['-c', `unset NODE_OPTIONS; node_modules/.bin/tsc -p test/types-conflict --skipLibCheck ${skipLibCheck}`],
    {
      cwd: root,
      encoding: 'utf8'
    }
  )

t.test('beside the types of @fastify/session, request.session is declared twice; loadSession() is ours', async (t) => {
  if (!existsSync(`${root}/dist/types/index.d.ts`)) throw new Error('dist/ is missing: run `npm run build` first')
  t.match(compile(true), { status: 0, stdout: '' })
  const { status, stdout } = compile(false)
  t.not(status, 0)
  t.match(stdout, /TS2717: Subsequent property declarations must have the same type\. {2}Property 'session'/)
  const codes = [...stdout.matchAll(/error (TS\d+)/g)].map(([, code]) => code)
  t.same([...new Set(codes)].sort(), ['TS2687', 'TS2717'], 'the compiler reports nothing else')
})
