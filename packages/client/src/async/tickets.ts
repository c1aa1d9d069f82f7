/*
 * Each caller that waits for a result holds a ticket, a number that ascends. Consecutive tickets are one range, so ten
 * thousand callers take as little room as one.
 */

interface TicketRange {
  readonly first: number
  readonly last: number
}

export type Tickets = readonly TicketRange[]

export function ticketsOf(ticket: number): Tickets {
  return [{ first: ticket, last: ticket }]
}

/** The tickets of both. They must have none in common. */
export function joinTickets(one: Tickets, other: Tickets): Tickets {
  const joined: TicketRange[] = []
  for (const range of [...one, ...other].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before && before.last + 1 === range.first)
      joined.splice(-1, 1, { first: before.first, last: range.last })
    else joined.push(range)
  }
  return joined
}
