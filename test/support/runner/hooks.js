// Hooks for module.register() as well as module.registerHooks(): what the next hook answers is a promise in the first.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const { version } = require('ts-blank-space/package.json')
const cache = fileURLToPath(new URL(`../../../node_modules/.cache/ts-blank-space-${version}`, import.meta.url))

/** ts-blank-space loads the TypeScript compiler, which takes half a second, so its answers are kept on disk. */
function withoutTypes(source) {
  const file = `${cache}/${createHash('sha256').update(source).digest('hex')}.js`
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const stripped = require('ts-blank-space').default(source)
    mkdirSync(cache, { recursive: true })
    // Other processes may read the file meanwhile.
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
