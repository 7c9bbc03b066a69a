// The last steps of `npm run build`, after TypeScript has filled dist/.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'
import { ajv, validate } from './dist/lib/fastify/options-validator.js'

// Code that Ajv generates replaces the module that runs Ajv. So the package neither loads nor needs Ajv.
writeFileSync('dist/lib/fastify/options-validator.js', standalone.default(ajv, validate))

// One file for each entry point, and files for what they share. Node needs longer to load ninety small modules than to
// run them, so this makes the import three times as fast. The types stay as they are.
await build({
  entryPoints: [
    'express-store',
    'index',
    'postgres',
    'sodium',
    'sqlite',
    'store-conformance',
    'testing',
    'cli/bin'
  ].map((name) => `dist/lib/${name}.js`),
  outdir: 'dist/bundle',
  outbase: 'dist/lib',
  chunkNames: 'shared-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  logLevel: 'warning'
})
for (const name of readdirSync('dist/lib', { recursive: true })) {
  if (name.endsWith('.js')) rmSync(join('dist/lib', name))
}
for (const name of readdirSync('dist/bundle', { recursive: true })) {
  if (!name.endsWith('.js')) continue
  const code = readFileSync(join('dist/bundle', name), 'utf8')
  writeFileSync(join('dist/lib', name), withClassNames(code))
}
rmSync('dist/bundle', { recursive: true })

/** If a class refers to itself, esbuild calls it `_Name`. Logs would show that name, so this takes the underscore away. */
function withClassNames(code) {
  const classes = [...code.matchAll(/^var (\w+) = class _\1 /gm)].map(([, name]) => name)
  return classes.reduce((renamed, name) => renamed.replace(new RegExp(`\\b_${name}\\b`, 'g'), name), code)
}
