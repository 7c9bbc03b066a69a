// node --import=./test/support/runner/register.js FILE.ts
//
// Runs TypeScript on every Node that the package supports.

import * as module from 'node:module'
import { load, resolve } from './hooks.js'

// Node 20 has no registerHooks(), and Node 26 warns of register() on stderr (DEP0205).
if (module.registerHooks !== undefined) module.registerHooks({ load, resolve })
else module.register('./hooks.js', import.meta.url)
