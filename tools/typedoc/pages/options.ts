/**
 * What `app.register(starsessions, options)` takes, and the plugin itself.
 * @module options
 */
export { default as starsessions } from '../../../lib/index.ts'
export type * from '../../../types/options.ts'
