/** Warns once, and only in development, that a stored object will not come back as the same kind of object. */
export class ClassWarning {
  #isGiven = false

  /**
   * @param replacement what the next request finds instead of the object
   * @param path gives the place of the object in the session
   */
  give(object: object, replacement: string, path: () => string): void {
    if (this.#isGiven) return
    this.#isGiven = true
    if (process.env.NODE_ENV === 'production') return
    process.emitWarning(
      `the session's key ${JSON.stringify(path())} holds ${kindName(object)}: the next request finds ${replacement} instead. Store that yourself, or use a serializer that keeps classes. This is shown once, and not with NODE_ENV=production`,
      { type: 'StarsessionsWarning', code: 'FST_SESSION_CLASS_INSTANCE' }
    )
  }
}

function kindName(object: object): string {
  const maker = isOfClass(object) ? object.constructor : undefined
  return typeof maker === 'function' ? `an instance of the class ${maker.name}` : 'an object with toJSON()'
}

/** Whether a class made this object or list. Literals and parsed JSON count as plain, also if they come from another realm. */
export function isOfClass(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return false
  const above: unknown = Object.getPrototypeOf(prototype)
  return above !== null && (!Array.isArray(object) || Object.getPrototypeOf(above) !== null)
}
