// These hooks fit module.register() and module.registerHooks(). With register(), the next hook answers with a promise.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const { version } = require('ts-blank-space/package.json')
const cache = fileURLToPath(new URL(`../../../node_modules/.cache/ts-blank-space-${version}`, import.meta.url))

/** ts-blank-space loads the TypeScript compiler, which takes half a second. So its results are kept on disk. */
function withoutTypes(source) {
  const file = `${cache}/${createHash('sha256').update(source).digest('hex')}.js`
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const stripped = require('ts-blank-space').default(source)
    mkdirSync(cache, { recursive: true })
    // Another process may read the file at the same time, so it appears as a whole.
    writeFileSync(`${file}.${process.pid}`, stripped)
    renameSync(`${file}.${process.pid}`, file)
    return stripped
  }
}

export function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !new URL(url).pathname.endsWith('.ts')) return nextLoad(url, context)
  const source = withoutTypes(readFileSync(new URL(url), 'utf8'))
  return { format: 'module', shortCircuit: true, source: `${source}\n//# sourceURL=${url}` }
}

/** Modules of ours that take the place of packages. */
const here = (file) => new URL(file, import.meta.url).href

export function resolve(specifier, context, nextResolve) {
  if (specifier === 'async-hook-domain') return nextResolve(here('domain.js'), context)
  if (specifier === 'tap' && context.parentURL?.endsWith('?together')) return nextResolve(here('file-test.ts'), context)
  return nextResolve(specifier, context)
}
