import { _, Ajv, type Code, Name } from 'ajv'
import type { CookieOptions, PerUserOptions, StarsessionsOptions } from '../../types/options.ts'
import { type Methods, SCHEMA } from './options-schema.ts'

/** The options with the defaults of the schema filled in. */
export type Validated = Omit<StarsessionsOptions, 'cookie' | 'perUser'> &
  Required<Pick<StarsessionsOptions, 'name' | 'lifetime' | 'rolling' | 'autoload' | 'concurrency' | 'storeTimeout'>> & {
    perUser: Required<PerUserOptions>
    cookie: Required<Omit<CookieOptions, 'domain' | 'priority'>> & CookieOptions
  }

/** Why the options do not match the schema: the members of Ajv's errors that our messages need. */
export interface Mismatch {
  readonly keyword: string
  /** Where the value is: `/cookie/path`. */
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  /** The part of the schema that the value does not match. */
  readonly parentSchema?: Readonly<Record<string, unknown>>
  readonly data?: unknown
}

/** Says whether the options match the schema, and writes its defaults into them. */
interface Validate {
  (options: unknown): options is Validated
  /** The errors of the last call. */
  errors?: Mismatch[] | null
}

/** The code of `typeof value.name === 'function'`, for each required name, and each optional one that is set. */
function hasMethods(value: Name, { required, optional = [] }: Methods): Code {
  const isFunction = (name: string) => _`typeof ${value}.${new Name(name)} == "function"`
  const conditions = [
    _`typeof ${value} == "object"`,
    _`${value} !== null`,
    ...required.map(isFunction),
    ...optional.map((name) => _`(${value}.${new Name(name)} === undefined || ${isFunction(name)})`)
  ]
  return conditions.reduce((all, condition) => _`${all} && ${condition}`)
}

/** Instances of another realm count as well, for example those that a test runner makes. */
const hasTag = (value: Name, name: string): Code =>
  _`Object.prototype.toString.call(${value}) === ${`[object ${name}]`}`

/** @internal The build alone needs Ajv: see build-validator.mjs. */
export const ajv = new Ajv({
  useDefaults: true,
  verbose: true,
  allowUnionTypes: true,
  strictTypes: false,
  code: { source: true, esm: true }
})
  .addKeyword({ keyword: 'methods', code: (context) => context.pass(hasMethods(context.data, context.schema)) })
  .addKeyword({ keyword: 'instanceof', code: (context) => context.pass(hasTag(context.data, context.schema)) })

/** Checks options against `SCHEMA`. In the built package, code that Ajv generated takes the place of this file. */
export const validate: Validate = ajv.compile(SCHEMA)
