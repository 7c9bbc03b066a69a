// A plugin of TypeDoc. It adds the theme `plain`: the Markdown theme with one heading for each member. The parameters, the
// result and the errors of a method follow its description as a list, instead of under headings of their own.

import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown'

export function load(app) {
  app.renderer.defineTheme('plain', PlainTheme)
}

class PlainTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new PlainContext(this, page, this.application.options)
  }
}

/** A default is code, perhaps with an explanation after it: `86400 (a day)`, `'text', followed by the name`. */
const CODE = /^(?:'[^']*'|\d+|true|false|new \w+\(\)|\{.*\})/

class PlainContext extends MarkdownThemeContext {
  partials = { ...this.partials, ...this.#overrides() }

  #overrides() {
    const { declarationTitle, signatureTitle } = this.partials
    return {
      pageTitle: () => titleOf(this.page.model.name),
      // The list of implemented interfaces at the top of a class says the same once.
      inheritance: () => '',
      hierarchy: () => '',
      comment: (comment, { showSummary = true, showTags = true } = {}) =>
        paragraphs(showSummary && this.#text(comment.summary), showTags && this.#facts(comment)),
      signature: (signature, { hideTitle = false } = {}) => {
        const comment = signature.comment ?? signature.parent?.comment
        return paragraphs(
          !hideTitle && this.partials.signatureTitle(signature),
          comment && this.#text(comment.summary),
          this.#facts(comment, signature.parameters)
        )
      },
      signatures: ({ signatures = [] }) => {
        const [first, ...others] = signatures.map((one) => this.partials.signature(one, { hideTitle: true }))
        // The overloads of a method with one description stand in one block.
        if (others.every((other) => other === first)) {
          const titles = signatures.map((one) => this.partials.signatureTitle(one))
          return paragraphs(titles.join('\n').replaceAll('```\n```ts\n', ''), first)
        }
        return paragraphs(...signatures.map((one) => this.partials.signature(one)))
      },
      constructor: ({ signatures = [] }) => paragraphs(...signatures.map((one) => this.partials.signature(one))),
      accessor: ({ name, getSignature: { type, comment } }) =>
        paragraphs(`\`\`\`ts\nreadonly ${name}: ${type};\n\`\`\``, comment && this.#text(comment.summary)),
      signatureTitle: (signature) =>
        signatureTitle(signature).replaceAll(/ +$/gm, '').replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array'),
      // A constant of a class has its value as its type.
      declarationTitle: (declaration) =>
        declarationTitle(declaration)
          .replace(/: (\w+) = \1;/, ': $1;')
          .replaceAll(/ +$/gm, '')
    }
  }

  #text(parts) {
    return this.helpers.getCommentParts(parts).trim()
  }

  /** A list of the parameters that have a description, and of the tags of a comment. */
  #facts(comment, parameters = []) {
    const items = parameters
      .filter((parameter) => parameter.comment)
      .map((parameter) => `\`${parameter.name}\`: ${this.#text(parameter.comment.summary)}`)
    for (const { tag, content } of comment?.blockTags ?? []) {
      const text = this.#text(content)
      if (tag === '@default') items.push(`Default: ${defaultOf(text)}`)
      if (tag === '@returns') items.push(`Returns ${text}`)
      if (tag === '@throws') items.push(`Throws ${text}`)
      if (tag === '@see') items.push(`See ${text}`)
    }
    return items.map((item) => `- ${item.replaceAll(/\n */g, '\n  ')}`).join('\n')
  }
}

const titleOf = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')

function defaultOf(fenced) {
  const text = fenced.replace(/^```\w*\n|\n```$/g, '')
  const [code = ''] = CODE.exec(text) ?? []
  return code === '' ? text : `\`${code}\`${text.slice(code.length)}`
}

const paragraphs = (...parts) => parts.filter(Boolean).join('\n\n')
