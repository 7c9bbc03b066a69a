/** The data of every session in the benchmarks. */
export interface BenchData {
  user: string
  visits: number
  roles: string[]
  csrfToken: string
  cart: Record<string, number>
  orders?: { id: string; items: number; paid: boolean }[]
  note: string
}

/** Sizes in bytes of JSON. The largest session does not fit into a cookie. */
export const SIZES = [200, 300, 4_096] as const

export type Size = (typeof SIZES)[number]

/** @returns a function that makes a new session object of `size` bytes of JSON on each call */
export function dataOfSize(size: Size): () => BenchData {
  const orders = Array.from({ length: 80 }, (_, index) => ({ id: `order-${index + 100}`, items: 3, paid: true }))
  const fixed = (): BenchData => ({
    user: 'ada@example.org',
    visits: 0,
    roles: ['author', 'admin'],
    csrfToken: 'h7Jq0v1dXl2mT9aYw4Rk6uPz8cBn3sEf',
    cart: { 'book-4711': 1, 'book-0815': 2 },
    ...(size < 4_096 ? {} : { orders: orders.map((order) => ({ ...order })) }),
    note: ''
  })
  const note = 'n'.repeat(size - JSON.stringify(fixed()).length)
  return () => ({ ...fixed(), note })
}
