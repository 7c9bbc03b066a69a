import './fastify.ts'

export type * from './encryptor.ts'
export type * from './options.ts'
export type * from './serializer.ts'
export type * from './session.ts'
export type * from './store.ts'
