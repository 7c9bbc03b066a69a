// Runs the test files that need nothing but Node in one process. Starting a process for each takes more time than they do.

import t from 'tap'
import { run } from './file-test.ts'
import { together } from './suites.ts'

t.setTimeout(600_000)
for (const file of together()) await run(file)
