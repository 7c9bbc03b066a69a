/** These drive the built package and the examples: they cover no file of lib/, and nothing else is to be covered. */
export default (file) => (/^test\/(application|examples|browser|readme)\.test\.ts$/.test(file) ? null : [])
