/**
 * What `app.register(starsessions, options)` takes, and the plugin itself.
 * @module options
 */
export { AAL1, AAL2, AAL3 } from '../../../lib/assurance.ts'
export { default as starsessions } from '../../../lib/index.ts'
export type * from '../../../types/options.ts'
