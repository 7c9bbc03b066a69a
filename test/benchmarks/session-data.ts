/** What every session holds. */
export interface BenchData {
  user: string
  visits: number
  roles: string[]
  csrfToken: string
  cart: Record<string, number>
  note: string
}

/** 200 bytes of JSON. */
export const newData = (): BenchData => ({
  user: 'ada@example.org',
  visits: 0,
  roles: ['author', 'admin'],
  csrfToken: 'h7Jq0v1dXl2mT9aYw4Rk6uPz8cBn3sEf',
  cart: { 'book-4711': 1, 'book-0815': 2 },
  note: 'n'.repeat(42)
})
