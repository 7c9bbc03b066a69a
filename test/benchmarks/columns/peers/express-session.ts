import { RedisStore } from 'connect-redis'
import type { Effects } from '../../scenarios/scenarios.ts'
import { expressApplication } from '../application.ts'
import type { Bench, Column } from '../column.ts'
import { express, session } from './express.ts'

/** express-session reads the session on every request, and touches or writes it. */
const READS = { reads: 1, changes: 1, setsCookie: false }

const EFFECTS: Effects = {
  S0: READS,
  S1: READS,
  S2: { ...READS, setsCookie: true },
  S3: { reads: 0, changes: 1, setsCookie: true },
  S4: { ...READS, setsCookie: true },
  // express-session also removes the old session, but our counter does not see that call.
  S5: { reads: 1, changes: 1, setsCookie: true }
}

const COLUMN = { kind: 'peer', effects: EFFECTS, keepsSessions: true, framework: 'Express' } as const

function open({ rolling, newData }: Bench, store: object) {
  const app = express()
  app.use(
    session({
      name: 'session',
      secret: 'a secret of at least thirty-two characters',
      cookie: { maxAge: 86_400_000 },
      resave: false,
      saveUninitialized: false,
      rolling,
      store
    })
  )
  app.get('/S0', (_request, response) => response.send('ok'))
  for (const scenario of ['S1', 'S4']) {
    app.get(`/${scenario}`, (request, response) => response.send(String(request.session.visits)))
  }
  app.get('/S2', (request, response) => {
    request.session.visits += 1
    response.send('ok')
  })
  app.get('/S3', (request, response) => {
    Object.assign(request.session, newData())
    response.send('ok')
  })
  app.get('/S5', (request, response, next) => {
    const kept = Object.fromEntries(Object.keys(newData()).map((key) => [key, Reflect.get(request.session, key)]))
    request.session.regenerate((error) => {
      if (error) return next(error)
      Object.assign(request.session, kept)
      request.session.visits += 1
      response.send('ok')
    })
  })
  return expressApplication(app)
}

export const expressSessionInMemory: Column = {
  ...COLUMN,
  name: 'express-session, memory',
  open: async (bench) => open(bench, bench.counted(new session.MemoryStore()))
}

export const expressSessionInRedis: Column = {
  ...COLUMN,
  name: 'express-session, connect-redis',
  needs: 'node-redis',
  open: async (bench) => open(bench, bench.counted(new RedisStore({ client: bench.nodeRedis })))
}
