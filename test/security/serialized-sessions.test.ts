import { inspect } from 'node:util'
import Fastify from 'fastify'
import t from 'tap'
import starsessions from '../../lib/index.ts'
import type { Session } from '../../types/session.ts'
import { testApp } from '../support/app.ts'

const MEMBERS = [
  'id', 'isNew', 'isModified', 'isEmpty', 'metadata', 'remainingSeconds', 'get', 'set', 'has', 'delete', 'clear', 'data',
  'toJSON', 'regenerateId', 'regenerate', 'destroy', 'save', 'reload', 'update', 'options'
] // biome-ignore format: a table

const anyMember = Object.fromEntries(MEMBERS.map((name) => [name, {}]))
const session = { type: 'object', properties: { ...anyMember, user: { type: 'string' } } }

/** Response schemas, each with a function that makes the return value of the handler. */
const SCHEMAS: Record<string, [schema: object, reply: (session: Session) => unknown]> = {
  'an object': [session, (session) => session],
  'texts only': [
    { type: 'object', properties: Object.fromEntries(MEMBERS.map((name) => [name, { type: 'string' }])) },
    (session) => session
  ],
  'any other key': [{ type: 'object', additionalProperties: true }, (session) => session],
  'the id, and any other key': [
    { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: { type: 'string' } },
    (session) => session
  ],
  'keys by pattern': [{ type: 'object', patternProperties: { '.*': {} } }, (session) => session],
  'a nested object': [{ type: 'object', properties: { session } }, (session) => ({ session })],
  'a list': [{ type: 'array', items: session }, (session) => [session, session]],
  'a nested list': [
    { type: 'object', properties: { sessions: { type: 'array', items: session } } },
    (session) => ({ sessions: [session] })
  ],
  'any of two': [{ anyOf: [{ type: 'array' }, session] }, (session) => session],
  'one of two, nested': [
    { type: 'object', properties: { session: { oneOf: [{ type: 'null' }, session] } } },
    (session) => ({ session })
  ],
  'all of two': [{ allOf: [session, { type: 'object', properties: { id: {}, metadata: {} } }] }, (session) => session],
  'if and else': [{ type: 'object', if: { type: 'object', required: ['bob'] }, else: session }, (session) => session],
  nullable: [{ ...session, nullable: true }, (session) => session],
  anything: [{}, (session) => session]
}

t.test('a response with a schema contains session data, never a member of the session', async (t) => {
  for (const [title, [schema, reply]] of Object.entries(SCHEMAS)) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(starsessions, { cookie: { secure: false } })
    let id = ''
    const response = { 200: schema }
    app.get('/', { schema: { response } }, async (request) => {
      const session = await request.loadSession()
      session.user = 'alice'
      id = String(session.id)
      return reply(session)
    })
    app.get('/kept', { schema: { response } }, async (request) => {
      const session = await request.loadSession()
      for (const name of MEMBERS) session.set(name, `my ${name}`)
      return reply(session)
    })
    const plain = await app.inject('/')
    t.equal(plain.statusCode, 200, `${title}: ${plain.body}`)
    t.notOk(plain.body.includes(id), `${title}: no id`)
    t.notMatch(plain.body, /created|last_?access|isNew|lifetime|remainingSeconds/i, `${title}: no metadata`)
    const kept = await app.inject('/kept')
    t.equal(kept.statusCode, 200, `${title}: ${kept.body}`)
    t.match(kept.body, '"id":"my id"', `${title}: the data with the name of a member`)
  }
})

t.test('a session in a log line, an inspection, a copy or a hook shows only its data', async (t) => {
  const { app, send, log } = await testApp(t)
  app.addHook('preSerialization', async (_request, _reply, payload) => ({ ...(payload as object), again: payload }))
  let id = ''
  const { body } = await send(undefined, (session, request) => {
    session.user = 'alice'
    session.set('get', 'mine')
    id = String(session.id)
    request.log.info({ session }, 'noted')
    request.log.info(session, 'noted as it is')
    const seen = [
      inspect(session, { showHidden: true, depth: 9, getters: true }),
      inspect({ session }),
      JSON.stringify([session]),
      JSON.stringify(structuredClone(session)),
      JSON.stringify({ ...session })
    ]
    for (const text of seen) {
      t.match(text, 'alice')
      t.notOk(text.includes(id), text)
    }
    return session
  })
  t.same(body, { user: 'alice', again: { user: 'alice', get: 'mine' } })
  const lines = log.filter(({ msg }) => msg.startsWith('noted'))
  t.match(lines, [{ session: { user: 'alice', get: 'mine' } }, { user: 'alice' }])
  t.notOk(JSON.stringify(lines).includes(id))
})
