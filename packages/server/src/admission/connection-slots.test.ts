import { describe, expect, test } from 'vitest'
import { guestAccount, identityAccount } from '../identity/account'
import { type AdmissionOptions, DEFAULT_ADMISSION } from './admission-options'
import { ConnectionSlot, ConnectionSlots } from './connection-slots'

const make = (options: Partial<AdmissionOptions> = {}) =>
  new ConnectionSlots({ ...DEFAULT_ADMISSION, ...options }, () => 3)

function seated(seats: ConnectionSlots, address: string | null, nowMs = 0): ConnectionSlot {
  const seat = seats.reserve(address, nowMs)
  if (!(seat instanceof ConnectionSlot)) throw new Error(seat.message)
  return seat
}

const refused = (status: number, reason: string, option: string, value: number) => ({
  status,
  reason,
  message: expect.stringMatching(
    new RegExp(`\\b${value}\\b.*\\(server option admission\\.${option}\\)\\. Try again later\\.$`),
  ),
  retryAfterS: expect.any(Number),
})

describe('[S-35] a handshake is refused', () => {
  test('where the server is full; somebody who goes makes room, once', () => {
    const seats = make({ maxConnections: 2 })
    const [first] = [seated(seats, 'a'), seated(seats, 'b')]
    expect(seats.reserve('c', 0)).toEqual(refused(503, 'server_full', 'maxConnections', 2))
    first?.release()
    first?.release()
    seated(seats, 'c')
    expect(seats.reserve('d', 0)).toMatchObject({ reason: 'server_full', retryAfterS: 3 })
  })

  test('where its address has too many, and no other address is', () => {
    const seats = make({ maxPerAddress: 2 })
    seated(seats, 'a').identify('ada')
    seated(seats, 'a').identify('bob')
    expect(seats.reserve('a', 0)).toEqual(refused(429, 'too_many_connections', 'maxPerAddress', 2))
    seated(seats, 'b')
    seated(seats, null)
  })

  test('where too many of its address are under way, and no more once it is known who they are', () => {
    const seats = make({ maxPendingPerAddress: 2 })
    const first = seated(seats, 'a')
    seated(seats, 'a')
    expect(seats.reserve('a', 0)).toEqual(refused(429, 'too_many_connections', 'maxPendingPerAddress', 2))
    seated(seats, 'b')
    first.identify('ada')
    seated(seats, 'a')
  })

  test('where too many of all are under way, and no more once one of them is refused', () => {
    const seats = make({ maxPending: 2 })
    const first = seated(seats, null)
    seated(seats, 'b')
    expect(seats.reserve('c', 0)).toEqual(refused(503, 'busy', 'maxPending', 2))
    first.release()
    seated(seats, 'c')
  })

  test('where too many come in a second', () => {
    const seats = make({ handshakesPerSecond: 10, handshakeBurst: 3 })
    for (const address of ['a', 'b', 'c']) seated(seats, address)
    expect(seats.reserve('d', 0)).toEqual(refused(503, 'busy', 'handshakesPerSecond', 10))
    expect(seats.reserve('d', 99)).toMatchObject({ reason: 'busy' })
    seated(seats, 'd', 101)
  })

  test('where too many of its address come in a second, which takes nothing from the others', () => {
    const seats = make({
      handshakesPerSecond: 10,
      handshakeBurst: 4,
      handshakesPerSecondPerAddress: 1,
      handshakeBurstPerAddress: 2,
    })
    seated(seats, 'a').release()
    seated(seats, 'a').release()
    for (let i = 0; i < 100; i++) {
      const answer = seats.reserve('a', 0)
      expect(answer).toEqual(refused(429, 'too_many_connections', 'handshakesPerSecondPerAddress', 1))
    }
    seated(seats, 'b')
    seated(seats, 'c')
  })

  test('where its address came too lately, though what is known of quiet ones is forgotten', () => {
    const seats = make({ handshakesPerSecondPerAddress: 0.01, handshakeBurstPerAddress: 1 })
    seated(seats, 'a').release()
    seated(seats, 'b', 60_000).release()
    const answer = seats.reserve('a', 60_000)
    expect(answer).toEqual(refused(429, 'too_many_connections', 'handshakesPerSecondPerAddress', 0.01))
    seated(seats, 'a', 100_000)
  })

  test('and told when to come back, no sooner than it may', () => {
    const seats = make({ handshakesPerSecond: 0.1, handshakeBurst: 1 })
    seated(seats, null)
    const refusal = seats.reserve(null, 5000)
    expect(refusal).toMatchObject({ reason: 'busy' })
    const retryAfterS = 'status' in refusal ? (refusal.retryAfterS ?? 0) : 0
    expect(retryAfterS).toBeGreaterThanOrEqual(5)
    expect(retryAfterS).toBeLessThanOrEqual(5 + 3)
  })

  test('where its identity has too many; then its seat is free', () => {
    const seats = make({ maxPerIdentity: 1, maxConnections: 3 })
    const first = seated(seats, 'a')
    expect(first.identify('ada')).toBeNull()
    const second = seated(seats, 'b')
    expect(second.identify('ada')).toEqual(refused(429, 'too_many_connections', 'maxPerIdentity', 1))
    expect(seats.count).toBe(1)
    expect(seated(seats, 'b').identify('bob')).toBeNull()
    expect(seated(seats, 'b').identify(null)).toBeNull()
    first.release()
    expect(seated(seats, 'b').identify('ada')).toBeNull()
  })
})

test('[S-9] nothing is kept of those who have gone, whichever way, and of quiet addresses', () => {
  const seats = make({ maxPerIdentity: 2 })
  for (let i = 0; i < 1000; i++) {
    const seat = seated(seats, `address-${i % 100}`, i * 1000)
    if (i % 3 !== 0) seat.identify(`id-${i % 7}`)
    seat.release()
    seat.release()
  }
  expect([seats.count, seats.pendingCount, seats.countedCount]).toEqual([0, 0, 0])
  expect(seats.limitedCount).toBeLessThan(20)
})

test('[S-9] addresses and identities are counted while they have a seat, and nothing is where there is none', () => {
  const seats = make()
  const [known, guest, nowhere] = [seated(seats, 'a'), seated(seats, 'b'), seated(seats, null)]
  // Each address twice: its handshakes under way are counted apart.
  expect(seats.countedCount).toBe(4)
  known.identify('ada')
  expect(seats.countedCount).toBe(4)
  guest.identify(null)
  nowhere.identify(null)
  expect(seats.countedCount).toBe(3)
  nowhere.release()
  guest.release()
  expect(seats.countedCount).toBe(2)
  known.release()
  expect(seats.countedCount).toBe(0)
})

test('[S-41] a seat is counted for its identity, for a guest for the address, and else for nobody', () => {
  const seats = make()
  const [known, guest, nobody] = [seated(seats, 'a'), seated(seats, 'b'), seated(seats, null)]
  known.identify('ada')
  guest.identify(null)
  nobody.identify(null)
  expect([known.account, guest.account, nobody.account]).toEqual([
    identityAccount('ada'),
    guestAccount('b'),
    null,
  ])
})

test('[S-35] a handshake that comes just when it may is let in', () => {
  const atMs = 1000 - 0.001
  const ofAll = make({ handshakesPerSecond: 1, handshakeBurst: 1 })
  seated(ofAll, null)
  expect(ofAll.reserve(null, atMs - 0.01)).toMatchObject({ status: 503 })
  seated(ofAll, null, atMs)
  const ofAddress = make({ handshakesPerSecondPerAddress: 1, handshakeBurstPerAddress: 1 })
  seated(ofAddress, 'a')
  expect(ofAddress.reserve('a', atMs - 0.01)).toMatchObject({ status: 429 })
  seated(ofAddress, 'a', atMs)
})

test('[S-10] an address or identity that is called like a prototype is an ordinary one', () => {
  const seats = make({ maxPerAddress: 1, maxPerIdentity: 1 })
  expect(seated(seats, '__proto__').identify('constructor')).toBeNull()
  expect(seats.reserve('__proto__', 0)).toMatchObject({ status: 429 })
  expect(seated(seats, 'toString').identify('constructor')).toMatchObject({ status: 429 })
})
