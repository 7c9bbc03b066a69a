import { PostgresStore } from '../../lib/stores/postgres.ts'
import { RedisStore } from '../../lib/stores/redis.ts'
import { SqliteStore } from '../../lib/stores/sqlite.ts'
import type { SessionStore } from '../../types/store.ts'
import { POSTGRES_CLIENTS } from './postgres-clients.ts'
import type { PostgresServer } from './postgres-server.ts'
import { connectTo, type Library, type Servers } from './redis-topologies.ts'
import { openSqlite } from './sqlite-databases.ts'

/** A place for sessions that several processes share. It is plain data, because tests pass it to other processes. */
export type SharedPlace =
  | { readonly kind: 'redis'; readonly servers: Servers; readonly library: Library }
  | { readonly kind: 'postgres'; readonly connection: PostgresServer['connection']; readonly library: string }
  | { readonly kind: 'sqlite'; readonly folder: string; readonly library: string }

export interface SharedStore {
  readonly store: SessionStore
  close(): unknown
}

/** Opens a store over the place. It makes the table of a database. */
export async function openShared(place: SharedPlace): Promise<SharedStore> {
  switch (place.kind) {
    case 'redis': {
      const { client, close } = await connectTo(place.servers, place.library)
      return { store: new RedisStore({ client }), close }
    }
    case 'postgres': {
      const { options, close } = await POSTGRES_CLIENTS[place.library]!(place.connection)
      const store = new PostgresStore(options)
      await store.createTable()
      return { store, close }
    }
    case 'sqlite': {
      const database = openSqlite(place.folder, place.library)
      return { store: new SqliteStore({ database }).createTable(), close: () => database.close() }
    }
  }
}
