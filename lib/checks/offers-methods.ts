/** Whether a value of any kind has all of these methods. */
export function offersMethods(value: unknown, methods: readonly string[]): boolean {
  return methods.every((name) => typeof (value as Record<string, unknown> | null | undefined)?.[name] === 'function')
}
