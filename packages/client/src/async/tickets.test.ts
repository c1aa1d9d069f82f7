import { describe, expect, test } from 'vitest'
import { joinTickets, type Tickets, ticketsOf } from './tickets'

const range = (first: number, last: number): Tickets => [{ first, last }]

describe('tickets', () => {
  test('of callers who came one after the other are one range, whichever was joined to which', () => {
    expect(joinTickets(ticketsOf(1), ticketsOf(2))).toEqual(range(1, 2))
    expect(joinTickets(ticketsOf(2), ticketsOf(1))).toEqual(range(1, 2))
    expect(joinTickets(range(1, 4), range(5, 9))).toEqual(range(1, 9))
  })

  test('[C-53] that others lie between stay apart, so that the others are not answered with them', () => {
    expect(joinTickets(ticketsOf(3), ticketsOf(1))).toEqual([...ticketsOf(1), ...ticketsOf(3)])
    expect(joinTickets(range(1, 2), range(4, 5))).toEqual([...range(1, 2), ...range(4, 5)])
  })

  test('that fill a gap make one range of those around it', () => {
    const apart = [...range(1, 2), ...range(4, 5)]
    expect(joinTickets(apart, ticketsOf(3))).toEqual(range(1, 5))
    expect(joinTickets(ticketsOf(6), apart)).toEqual([...range(1, 2), ...range(4, 6)])
  })

  test('of nobody add nothing', () => {
    expect(joinTickets([], [])).toEqual([])
    expect(joinTickets([], ticketsOf(7))).toEqual(ticketsOf(7))
    expect(joinTickets(ticketsOf(7), [])).toEqual(ticketsOf(7))
  })
})
