// Logging in and out with a plain HTML form, and a page that shows what happens to the session.
//
//   npm run demo

import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import starsessions, { type Session } from 'fastify-starsessions'
import { SqliteStore } from 'fastify-starsessions/sqlite'

const PASSWORD = 'open sesame'
const LIFETIME = 15 * 60

type Form = Partial<Record<string, string>>

export async function build({ lifetime = LIFETIME, file = ':memory:' } = {}) {
  const app = Fastify()
  // The sessions are in a file. So you are still logged in after you have started this program again.
  const database = new Database(file)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000')
  app.addHook('onClose', () => database.close())
  await app.register(starsessions, {
    store: new SqliteStore({ database }).createTable(),
    lifetime,
    rolling: true,
    // Every route below uses `request.session`.
    autoload: true,
    // With SameSite=Lax, a form on another site cannot send the cookie. 'auto' makes the cookie Secure over https only,
    // so that the demo also works on http://127.0.0.1.
    cookie: { sameSite: 'lax', secure: 'auto' }
  })

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })

  app.get('/', async ({ session }, reply) => {
    // A flash is a message for the next page. It is shown once and then deleted.
    const flash: string | undefined = session.flash
    delete session.flash
    if (session.user !== undefined) session.pageViews++
    return reply.type('text/html; charset=utf-8').headers(PAGE_HEADERS).send(page(session, flash))
  })

  app.post<{ Body: Form | undefined }>('/login', async ({ session, body }, reply) => {
    const name = body?.name?.trim().slice(0, 40)
    if (!name || body?.password !== PASSWORD)
      return back(reply, session, 'That did not work: enter a name and the right password.')
    // A new id, because somebody else may know the old one (session fixation) and must not be logged in with it.
    await session.regenerateId()
    session.user = name
    session.pageViews = 0
    session.options({ maxAge: body.remember === undefined ? null : lifetime })
    return back(reply, session, `Welcome, ${name}. You have a new session id.`)
  })

  app.post('/rotate', { preHandler: loggedIn }, async ({ session }, reply) => {
    await session.regenerateId()
    return back(reply, session, 'Same session, new id. The old id no longer works.')
  })

  app.post('/clear', { preHandler: loggedIn }, async ({ session }, reply) => {
    session.clear()
    return back(reply, session, 'Cleared. All data are deleted, and so you are logged out.')
  })

  app.post('/logout', { preHandler: loggedIn }, async ({ session }, reply) => {
    await session.destroy()
    return back(reply, session, 'Logged out. The session is removed from the store.')
  })

  return app
}

async function loggedIn({ session }: FastifyRequest, reply: FastifyReply) {
  if (session.user === undefined) return back(reply, session, 'You are not logged in.')
}

/** Redirects after a POST, so that reloading the page does not send the form again. */
function back(reply: FastifyReply, session: Session, flash: string) {
  session.flash = flash
  return reply.redirect('/', 303)
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

/** Shows whether the id has changed. Never put the id itself on a page or into a log, because it opens the session. */
const fingerprint = (id = '') => createHash('sha256').update(id).digest('hex').slice(0, 12)

const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'",
  'referrer-policy': 'same-origin'
}

function page(session: Session, flash: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>fastify-starsessions: login</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%23b7791f' d='${STAR}'/%3E%3C/svg%3E">
<style>${STYLE}</style>
<main>
  <header><svg viewBox="0 0 16 16" aria-hidden="true"><path d="${STAR}"/></svg> fastify-starsessions</header>
  ${flash === undefined ? '' : `<p id="flash" role="status">${escapeHtml(flash)}</p>`}
  ${session.user === undefined ? loginForm() : account(session)}
</main>
<script>${SCRIPT}</script>
</html>`
}

const loginForm = () => `<h1>Nobody is logged in</h1>
  <p class="lead">There is no session, and no cookie for one.</p>
  <form method="post" action="/login" class="card">
    <label>Name <input name="name" required maxlength="40" autocomplete="username" placeholder="Any name will do"></label>
    <label>Password <input name="password" type="password" required autocomplete="current-password">
      <small>It is <code>${PASSWORD}</code></small></label>
    <label class="check"><input type="checkbox" name="remember" checked> Remember me when the browser closes</label>
    <button class="primary">Log in</button>
  </form>`

function account(session: Session): string {
  const seconds = session.remainingSeconds ?? 0
  const created = new Date(session.metadata.created * 1000).toISOString()
  return `<h1><small>Logged in as</small> <span id="user">${escapeHtml(session.user)}</span></h1>
  <section class="card" aria-label="Time left">
    <div class="clock"><span>Ends in</span> <output id="remaining" data-seconds="${seconds}">${clock(seconds)}</output></div>
    <progress id="bar" max="${session.metadata.lifetime}" value="${seconds}" aria-label="Time left"></progress>
    <p class="hint">Rolling: loading this page starts the time anew.</p>
  </section>
  <section class="card" aria-label="Session">
    <dl>
      <dt>Id</dt><dd><code id="fingerprint">${fingerprint(session.id)}</code> <small>fingerprint</small></dd>
      <dt>Created</dt><dd><time id="created" datetime="${created}">${created.slice(0, 19).replace('T', ' ')} UTC</time></dd>
    </dl>
    <pre id="content"><code>${escapeHtml(JSON.stringify(session, null, 2))}</code></pre>
  </section>
  <form method="post" class="actions">
    <button formaction="/rotate" title="regenerateId(): same data under a new id">Rotate id</button>
    <button formaction="/clear" title="clear(): delete all data">Clear</button>
    <button formaction="/logout" title="destroy(): remove the session from the store" class="primary">Log out</button>
  </form>`
}

const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`

const STAR = 'M8 0q1 7 8 8-7 1-8 8-1-7-8-8 7-1 8-8z'

const SCRIPT = `
const created = document.getElementById('created')
if (created) created.textContent = new Date(created.dateTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const remaining = document.getElementById('remaining')
const end = remaining && performance.now() + remaining.dataset.seconds * 1000
const tick = () => {
  const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000))
  remaining.textContent = Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0')
  document.getElementById('bar').value = seconds
  if (seconds === 0) location.replace('/')
}
if (remaining) setInterval(tick, 250)
`

const STYLE = `
:root { color-scheme: light dark; --paper: #faf8f4; --card: #fff; --ink: #22201c; --soft: #6b655b; --line: #e4dfd5;
  --accent: #8a5a12; --on-accent: #fff; --flash: #fdf3dc; --code: #f5f2ea }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16161a; --card: #1f1f25; --ink: #ecebe7; --soft: #a09c94; --line: #34343c;
    --accent: #eab54f; --on-accent: #1d1605; --flash: #322a17; --code: #17171b } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
main { max-width: 34rem; margin: 0 auto; padding: clamp(1.25rem, 6vw, 4rem) 1.25rem 3rem; display: grid; gap: 1.25rem }
header { display: flex; align-items: center; gap: .5rem; color: var(--soft); font-size: .9rem; letter-spacing: .01em }
header svg { width: 1rem; fill: var(--accent) }
h1 { margin: .5rem 0 0; font: 600 clamp(1.9rem, 7vw, 2.6rem)/1.15 ui-serif, Georgia, 'Times New Roman', serif;
  letter-spacing: -.015em; overflow-wrap: anywhere }
h1 small { display: block; font: 400 1rem/1.6 system-ui, sans-serif; letter-spacing: 0 }
small, .hint, .lead, dt, h1 small { color: var(--soft) }
small, .hint { font-size: .85rem }
.lead { margin: -.75rem 0 0 }
.hint { margin: .5rem 0 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; display: grid; gap: .25rem }
form.card { gap: 1.1rem }
#flash { margin: 0; padding: .7rem 1rem; background: var(--flash); border-left: 3px solid var(--accent); border-radius: .4rem }
label { display: grid; gap: .3rem; font-weight: 500 }
label small { font-weight: 400 }
.check { display: flex; align-items: center; gap: .55rem; font-weight: 400 }
input:not([type=checkbox]) { font: inherit; color: inherit; width: 100%; padding: .6rem .75rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: .5rem }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent) }
::placeholder { color: var(--soft); opacity: 1 }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
button { font: inherit; font-weight: 500; color: inherit; padding: .6rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; cursor: pointer }
button:hover { border-color: var(--accent) }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
.primary:hover { filter: brightness(1.08) }
.actions { display: flex; flex-wrap: wrap; gap: .6rem }
.actions button { flex: 1 1 8rem }
.clock { display: flex; justify-content: space-between; align-items: baseline }
output { font-size: 1.75rem; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums }
progress { appearance: none; width: 100%; height: .4rem; border: 0; border-radius: 1rem; overflow: hidden; background: var(--line) }
progress::-webkit-progress-bar { background: var(--line) }
progress::-webkit-progress-value { background: var(--accent) }
progress::-moz-progress-bar { background: var(--accent) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0 0 .75rem }
dd { margin: 0; font-variant-numeric: tabular-nums }
code { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
pre { margin: 0; padding: .9rem 1rem; background: var(--code); border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere }
`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await build({ file: join(tmpdir(), 'fastify-starsessions-demo.db') })
  console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))
}
