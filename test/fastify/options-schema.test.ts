import t from 'tap'
import { SCHEMA } from '../../lib/fastify/options-schema.ts'

t.test('each option and each attribute of the cookie has a description', async (t) => {
  const { cookie, ...options } = SCHEMA.properties
  for (const [name, { description }] of Object.entries({ ...options, cookie, ...cookie.properties })) {
    t.match(description, /^\S.*[^.\s]$/, name)
  }
})
