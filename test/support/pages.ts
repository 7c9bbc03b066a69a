import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Page {
  /** The path from the root of the project, with slashes. */
  readonly file: string
  readonly text: string
  /** Whether typedoc writes this page. The programs on a generated page are not run. */
  readonly isGenerated: boolean
}

/** The pages of docs/reference/ that people write. typedoc writes the others. */
const WRITTEN_REFERENCE = ['docs/reference/errors.md', 'docs/reference/behaviour.md']

function pageAt(file: string): Page {
  const isGenerated = file.startsWith('docs/reference/') && !WRITTEN_REFERENCE.includes(file)
  return { file, text: readFileSync(join(root, file), 'utf8'), isGenerated }
}

const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .map((name) => `docs/${name.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.md') && !file.includes('node_modules/'))
  .sort()

/** All pages that a user reads: README.md first, then those of the root, then docs/. */
export const PAGES: readonly Page[] = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...inDocs]
  .filter((file) => existsSync(join(root, file)))
  .map(pageAt)

export const WRITTEN_PAGES = PAGES.filter(({ isGenerated }) => !isGenerated)

/** The programs in examples/, from there. The other files are parts of a program. */
export const EXAMPLES: readonly string[] = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts') && readFileSync(join(root, 'examples', name), 'utf8').includes('process.argv'))
  .sort()

export interface Block {
  readonly file: string
  /** The line at which the block begins. */
  readonly line: number
  /** `FILE:LINE` */
  readonly title: string
  readonly language: string
  readonly code: string
  readonly context: string
  /** The lines of the comment, without the first one. */
  readonly expected: readonly string[]
}

/** The code blocks of a page. docs.test.ts explains the comment before a block. */
export function blocksOf({ file, text }: Page): Block[] {
  const fenced = /(?:^<!-- example:?([^\n]*?)(?:\n([\s\S]*?))? ?-->\n)?^```(\w*)\n([\s\S]*?)^```$/gm
  return [...text.matchAll(fenced)].map((match) => {
    const [all, context = '', expected = '', language = '', code = ''] = match
    const line = text.slice(0, match.index + all.indexOf('```')).split('\n').length
    return {
      file,
      line,
      title: `${file}:${line}`,
      language,
      code,
      context: context.trim(),
      expected: expected.split('\n').filter((text) => text !== '')
    }
  })
}

/** The text without its code blocks. */
const proseOf = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '')

/** The anchors of a page, as GitHub makes them from headings: a second heading of the same text gets `-1`. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of proseOf(text).matchAll(/^#+ (.+)$/gm)) {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

/** The targets of all links and pictures of a page. */
export function linksOf(text: string): string[] {
  const prose = proseOf(text)
  const inMarkdown = /\]\(<?([^)\s>]+)[^)]*\)|^\[[^\]]+\]: (\S+)/gm
  const inHtml = /<(?:a|img|source)\b[^>]*? (?:href|src|srcset)="([^"]+)"/g
  return [...prose.matchAll(inMarkdown), ...prose.matchAll(inHtml)].map(([, target, other]) => target ?? other ?? '')
}

export interface Table {
  /** `FILE:LINE` */
  readonly title: string
  /** The names of code in the first column: `get(key)` and `await get()` both have the name `get`. */
  readonly names: readonly string[]
}

/** The tables of a page. */
export function tablesOf({ file, text }: Page): Table[] {
  return [...text.matchAll(/^(\|.*\n)\|[-:| ]+\|\n((?:\|.*\n?)*)/gm)].map((match) => {
    const cells = (match[2] ?? '').split('\n').map((row) => row.split(/(?<!\\)\|/)[1] ?? '')
    const names = cells.flatMap((cell) =>
      [...cell.matchAll(/`(?:await |request\.|session\.|cookie\.)*(\w+)[^`]*`/g)].map(([, name = '']) => name)
    )
    return { title: `${file}:${text.slice(0, match.index).split('\n').length}`, names }
  })
}
