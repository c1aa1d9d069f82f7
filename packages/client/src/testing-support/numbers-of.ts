import type { Tickets } from '../async/tickets'

/** The tickets one by one. */
export const numbersOf = (tickets: Tickets): number[] =>
  tickets.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
