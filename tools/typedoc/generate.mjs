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
const { exports } = JSON.parse(readFileSync('../../package.json', 'utf8'))
const entries = Object.values(exports).flatMap(({ types = '' }) => /lib\/[\w-]+(?=\.d\.ts$)/.exec(types) ?? [])
const exported = entries.flatMap((entry) => exportsOf(app, `/${entry}.ts`))
const missing = exported.filter((name) => !documented.has(name) && !['default', 'module.exports'].includes(name))
if (missing.length > 0) throw new Error(`add to a module in tools/typedoc/pages/: ${missing.join(', ')}`)

await app.generateOutputs(project)
rmSync(`${OUT}/README.md`)

const index = readFileSync(INDEX, 'utf8')
for (const page of readdirSync(OUT)) {
  if (!index.includes(`(api/${page})`)) throw new Error(`docs/reference/README.md does not link api/${page}`)
}

function exportsOf(app, entry) {
  const [{ program }] = app.getEntryPoints() ?? []
  const checker = program.getTypeChecker()
  const file = program.getSourceFiles().find(({ fileName }) => fileName.endsWith(entry))
  if (file === undefined)
    throw new Error(`${entry} is not in the program: export it in a module of tools/typedoc/pages/`)
  return checker.getExportsOfModule(checker.getSymbolAtLocation(file)).map(({ name }) => name)
}
