import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export type Role = 'reader' | 'editor' | 'administrator'

export interface User {
  readonly name: string
  readonly salt: Buffer
  readonly passwordHash: Buffer
  role: Role
}

const hash = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>

/** In your application, this is a table in a database. */
export class Users {
  readonly #users = new Map<string, User>()
  readonly #nobody = { salt: randomBytes(16), passwordHash: randomBytes(32) }

  async add(name: string, password: string, role: Role): Promise<User> {
    const salt = randomBytes(16)
    const user = { name, salt, passwordHash: await hash(password, salt, 32), role }
    this.#users.set(name, user)
    return user
  }

  all(): User[] {
    return [...this.#users.values()]
  }

  find(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#users.get(name)
  }

  /** An unknown name takes as long as a known one, so that nobody can find out by the time which names exist. */
  async login(name: string, password: string): Promise<User | undefined> {
    const user = this.find(name)
    const { salt, passwordHash } = user ?? this.#nobody
    return timingSafeEqual(await hash(password, salt, 32), passwordHash) ? user : undefined
  }
}
