/**
 * What `fastify-starsessions/testing` exports.
 * @module testing
 */
export * from '../../../lib/testing.ts'
