import csrfProtection from '@fastify/csrf-protection'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import { Visitor } from '../support/visitor.ts'

/** A form with a file, encoded as a browser does it. */
async function formOf(fields: Record<string, string>, file: string) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([file]), 'notes.txt')
  const response = new Response(form)
  return {
    payload: Buffer.from(await response.arrayBuffer()),
    headers: { 'content-type': String(response.headers.get('content-type')) }
  }
}

t.test('session data that a handler sets about an upload are stored', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(multipart, { limits: { fileSize: 10 } })
  app.post('/', async (request) => {
    const file = await request.file()
    request.session.upload = { name: file?.filename, bytes: 0 }
    request.session.upload.bytes = (await file?.toBuffer())?.byteLength
    return {}
  })
  app.get('/', async ({ session }) => session.data())
  const visitor = new Visitor(app)
  await visitor.send('POST /', await formOf({}, 'short'))
  t.same((await visitor.send('GET /')).json(), { upload: { name: 'notes.txt', bytes: 5 } })

  t.equal((await visitor.send('POST /', await formOf({}, 'much too long'))).status, 413)
  t.same(
    (await visitor.send('GET /')).json(),
    { upload: { name: 'notes.txt', bytes: 0 } },
    'a 413 stores the session, as a 404 does'
  )
})

t.test('a CSRF token in a field works with attachFieldsToBody, preHandler and a custom getToken', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(starsessions, { autoload: true })
  await app.register(multipart, { attachFieldsToBody: true })
  await app.register(csrfProtection, {
    sessionPlugin: '@fastify/session',
    getToken: ({ body }) => (body as { _csrf?: { value: string } })._csrf?.value
  })
  app.get('/', async (_, reply) => ({ token: reply.generateCsrf() }))
  app.post('/', { preHandler: app.csrfProtection }, async () => 'done')
  const visitor = new Visitor(app)
  const { token } = (await visitor.send('GET /')).json()
  t.equal((await visitor.send('POST /', await formOf({ _csrf: token }, 'x'))).status, 200)
  t.equal((await visitor.send('POST /', await formOf({ _csrf: 'forged' }, 'x'))).status, 403)
  t.equal((await visitor.send('POST /', await formOf({}, 'x'))).status, 403)
})
