import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'

// A form with a field that is missing, too long or sent twice is answered with 400.
export const text = (maxLength: number) => ({ type: 'string', maxLength })
export const bodyOf = (properties: object) => ({
  body: { type: 'object', required: Object.keys(properties), properties }
})

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

export const hidden = (name: string, value: string) =>
  `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`

/** @param title what a screen reader says instead of the button's text, where a page has many of these buttons */
export const form = (
  reply: FastifyReply,
  action: string,
  fields: string,
  button: string,
  className = '',
  title = button
) =>
  `<form method="post" action="${action}" class="${className}">
    ${hidden('_csrf', reply.generateCsrf())}${fields}<button aria-label="${escapeHtml(title)}">${button}</button>
  </form>`

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** Text such as "5 minutes ago" or "in 24 hours". */
export function relative(date: Date): string {
  const minutes = Math.round((date.getTime() - Date.now()) / 60_000)
  const text =
    Math.abs(minutes) < 90 ? RELATIVE.format(minutes, 'minute') : RELATIVE.format(Math.round(minutes / 60), 'hour')
  return `<time datetime="${date.toISOString()}">${minutes === 0 ? 'just now' : text}</time>`
}

const HEADERS = {
  // The pages contain no scripts and no styles of their own. So text of a user that gets into a page unescaped runs nothing.
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin'
}

const STAR = 'M8 0q1 7 8 8-7 1-8 8-1-7-8-8 7-1 8-8z'

/** @param note a message that stands beside the flash messages */
export function page(reply: FastifyReply, title: string, body: string, note?: string) {
  const { user } = reply.request
  const messages = Object.values(reply.flash() as Record<string, string[]>).flat()
  if (note !== undefined) messages.push(note)
  const flashes = messages.map((message) => `<p class="flash" role="status">${escapeHtml(message)}</p>`)
  const links = [
    '<a href="/devices">Devices</a>',
    user?.role === 'administrator' ? '<a href="/users">Users</a>' : '',
    user === undefined ? '' : form(reply, '/logout', '', 'Log out')
  ]
  return reply
    .type('text/html; charset=utf-8')
    .headers(HEADERS)
    .send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Notices: ${escapeHtml(title)}</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
${user === undefined ? '' : '<script src="/live.js" defer></script>'}
<main>
  <header><svg viewBox="0 0 16 16" aria-hidden="true"><path d="${STAR}"/></svg><a href="/">Notices</a>
    ${user === undefined ? '' : `<nav>${links.join('')}</nav>`}</header>
  ${flashes.join('')}
  <h1>${escapeHtml(title)}</h1>
  ${body}
</main>
</html>`)
}

/** The files that the pages load. They need no session. */
export async function assets(app: FastifyInstance) {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
  const contents: [path: string, type: string, content: string][] = [
    ['/style.css', 'text/css', file('style.css')],
    ['/live.js', 'text/javascript', file('live.js')],
    [
      '/icon.svg',
      'image/svg+xml',
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#b7791f" d="${STAR}"/></svg>`
    ]
  ]
  for (const [path, type, content] of contents) {
    app.get(path, { config: { autoloadSession: false } }, async (_, reply) =>
      reply.type(`${type}; charset=utf-8`).send(content)
    )
  }
}
