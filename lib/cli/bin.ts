#!/usr/bin/env node
import { createRequire } from 'node:module'
import { runCommand } from './commands.ts'

// The package is found by its own name, because the path to package.json differs between the sources and the published files.
const { version } = createRequire(import.meta.url)('fastify-starsessions/package.json')
const { exitCode, stdout, stderr } = runCommand(process.argv.slice(2), version)
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = exitCode
