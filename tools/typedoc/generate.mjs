// Writes docs/reference/api from the pages in pages/. Each page is a module that exports what the page describes.

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { Application } from 'typedoc'

process.chdir(import.meta.dirname)
const OUT = '../../docs/reference/api'
const INDEX = '../../docs/reference/README.md'

const app = await Application.bootstrapWithPlugins({
  name: 'fastify-starsessions',
  entryPoints: ['pages/*.ts'],
  tsconfig: 'tsconfig.json',
  plugin: ['typedoc-plugin-markdown', './theme.mjs'],
  out: OUT,
  router: 'module',
  theme: 'plain',
  readme: 'none',
  disableSources: true,
  excludeInternal: true,
  excludeExternals: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGroupHeadings: true,
  useCodeBlocks: true,
  expandObjects: true,
  expandParameters: true,
  parametersFormat: 'none',
  sort: ['source-order'],
  treatWarningsAsErrors: true
})
const project = await app.convert()
if (project === undefined) process.exit(1)
app.validate(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)

// Each name that the package exports is on a page.
const documented = new Set(project.children.flatMap(({ children = [] }) => children.map(({ name }) => name)))
const exported = exportsOf(app, /\/lib\/(index|testing)\.ts$/)
const missing = exported.filter((name) => !documented.has(name) && !['default', 'module.exports'].includes(name))
if (missing.length > 0) throw new Error(`add to a module in tools/typedoc/pages/: ${missing.join(', ')}`)

await app.generateOutputs(project)
rmSync(`${OUT}/README.md`)

const index = readFileSync(INDEX, 'utf8')
for (const page of readdirSync(OUT)) {
  if (!index.includes(`(api/${page})`)) throw new Error(`docs/reference/README.md does not link api/${page}`)
}

function exportsOf(app, pattern) {
  const [{ program }] = app.getEntryPoints() ?? []
  const checker = program.getTypeChecker()
  const files = program.getSourceFiles().filter(({ fileName }) => pattern.test(fileName))
  if (files.length !== 2) throw new Error('the two entry points of the package are not in the program')
  return files.flatMap((file) => checker.getExportsOfModule(checker.getSymbolAtLocation(file)).map(({ name }) => name))
}
