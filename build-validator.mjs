// The last step of `npm run build`. Puts code that Ajv generates in the place of the module that runs Ajv, so that the
// package neither loads nor needs Ajv: importing and registering take a fraction of the time.

import { writeFileSync } from 'node:fs'
import standalone from 'ajv/dist/standalone/index.js'
import { ajv, validate } from './dist/lib/fastify/options-validator.js'

writeFileSync('dist/lib/fastify/options-validator.js', standalone.default(ajv, validate))
