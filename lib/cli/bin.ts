#!/usr/bin/env node
import { createRequire } from 'node:module'
import { runCommand } from './keygen.ts'

// By the package's own name, because the folders differ between the sources and what is published.
const { version } = createRequire(import.meta.url)('fastify-starsessions/package.json')
const { exitCode, stdout, stderr } = runCommand(process.argv.slice(2), version)
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = exitCode
