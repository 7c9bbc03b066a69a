import t from 'tap'
import { isLocalHost } from '../../lib/http/local-host.ts'

t.test('localhost and loopback addresses are local, and similar names are not', async (t) => {
  const local = ['localhost', 'LOCALHOST', 'localhost.', 'app.localhost', 'a.b.localhost', '127.0.0.1', '127.8.9.10']
  for (const host of [...local, '[::1]']) t.equal(isLocalHost(host), true, host)
  const others = [
    '',
    'localhost.example',
    'mylocalhost',
    '.localhost',
    '127.0.0.1.example',
    '127.0.0',
    '128.0.0.1',
    '::1'
  ]
  for (const host of [...others, '192.168.0.1', '[::2]', '0.0.0.0']) t.equal(isLocalHost(host), false, host)
})
