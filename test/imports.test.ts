import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

/** A module may import what stands in its own layer or before it. */
const LAYERS = [
  /^types\//,
  /^lib\/(clock|deadline|errors|duration|session-id|nearest|elsewhere|unknown-option|option-names|without-secrets|foreign|encryption|payload|headers|cookie|expiry|autoload|keys|signer|holds-nothing|plain|own|depth|metadata|session-options|sending|report|local-host|first-chunk|request-cookie)\.ts$/,
  /^lib\/(seal|retry|turns|in-flight|one-by-one|command|unawaited|update-function|diagnostics)\.ts$/,
  /^lib\/(stores|serializers|encryptors)\//,
  /^lib\/(record|merge)\.ts$/,
  /^lib\/store-calls\.ts$/,
  /^lib\/record-store\.ts$/,
  /^lib\/session-(data|state)\.ts$/,
  /^lib\/session\.ts$/,
  /^lib\/(alone|new-record|session-status|refusals|several-cookies)\.ts$/,
  /^lib\/(commit|rotation|ending)\.ts$/,
  /^lib\/committer\.ts$/,
  /^lib\/review\.ts$/,
  /^lib\/session-manager\.ts$/,
  /^lib\/request-session\.ts$/,
  /^lib\/reply-headers\.ts$/,
  /^lib\/(response|late-changes)\.ts$/,
  /^lib\/cookie-outlet\.ts$/,
  /^lib\/options-schema\.ts$/,
  /^lib\/options\.ts$/,
  /^lib\/registration\.ts$/,
  /^lib\/(decorators|encapsulation)\.ts$/,
  /^lib\/plugin\.ts$/,
  /^lib\/(index|testing|command-line)\.ts$/,
  /^lib\/cli\.ts$/
]

const layerOf = (file: string): number => LAYERS.findIndex((layer) => layer.test(file))

const files = ['lib', 'types'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
)

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'\n]*(?:\n[^'\n]+)*?'([^']+)'/gm)].map(
    ([, specifier = '']) => specifier
  )

t.test('imports point one way: types, leaves, record, session, manager, options, plugin, index', async (t) => {
  for (const file of files) {
    t.not(layerOf(file), -1, `${file} has a place in the layers`)
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      const target = normalize(join(dirname(file), specifier))
      t.ok(layerOf(target) <= layerOf(file), `${file} may import ${target}`)
      if (file.startsWith('types/')) t.match(target, /^types\//, `${file} knows only the contract`)
    }
  }
})

t.test('only the plugin touches Fastify at run time', async (t) => {
  for (const file of files) {
    if (file === 'lib/fastify/plugin.ts') continue
    const source = readFileSync(file, 'utf8')
    t.notMatch(source, /^import (?!type\b)[^;]*?from '(fastify|fastify-plugin|@fastify\/cookie)'/m, file)
  }
})
