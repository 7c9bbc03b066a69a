import t from 'tap'
import { type Answer, ask } from '../../scenarios/in-process.ts'
import { express } from './express.ts'

t.test('Express answers a request in process, with the cookie that it sets', async (t) => {
  const app = express()
  app.get('/', (request, response) => {
    response.setHeader('Set-Cookie', 'first=1; Path=/')
    response.send(String(request.headers.cookie))
  })
  const answer = await new Promise<Answer>((resolve) => ask(app, '/', { cookie: 'a=b' }, resolve))
  t.match(answer, { statusCode: 200, setCookie: 'first=1; Path=/', body: 'a=b' })
})
