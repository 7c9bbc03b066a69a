/**
 * What `fastify-starsessions/store-conformance` exports.
 * @module store-conformance
 */
export * from '../../../lib/store-conformance.ts'
