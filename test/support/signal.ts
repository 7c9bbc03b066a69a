/** A signal: one part of a test waits for `given`, and another part calls `give()`. */
export function newSignal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}
