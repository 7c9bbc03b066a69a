/** The flag with which a child process runs TypeScript. */
export const TYPESCRIPT = `--import=${new URL('runner/register.js', import.meta.url)}`
