import type { ClientMessage } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { guestAccount } from '../identity/account'
import { accountIntervalsOf, DEFAULT_RATES, type RatesOptions, rateIntervalsOf } from '../rate-limit/rates'
import { VirtualClock } from '../testing-support/virtual-clock'
import { MessageLimiter } from './message-limiter'
import { AccountRateMeters } from './rate-meters'

const update = (n: number): ClientMessage => ({
  kind: 'update',
  topic: 'a',
  ref: String(n),
  joinRef: 'j',
  meta: { n },
})

/** Limiters of one node, each with the calls to its connection. */
function node(some: Partial<RatesOptions> = {}) {
  const clock = new VirtualClock()
  const rates = { ...DEFAULT_RATES, ...some }
  const accounts = new AccountRateMeters(accountIntervalsOf(rates))
  const context = {
    clock,
    rates,
    intervals: rateIntervalsOf(rates),
    accounts,
    coalescer: { maxBytes: 1000, metaBytes: 100 },
  }
  const connect = (account: string | null = null) => {
    const done: string[] = []
    const faults: string[] = []
    const limiter = new MessageLimiter(context, account, {
      isIn: () => true,
      onDue: ({ ref }) => void done.push(`due ${ref}`),
      onThrottled: (message, { retryAfterMs, message: text }) => {
        done.push(`throttled ${'ref' in message ? message.ref : ''} for ${retryAfterMs}`)
        faults.push(text)
      },
      onAbuse: () => void done.push('abuse'),
    })
    const takes = (n: number, bytes = 10) => limiter.allow(update(n), bytes, clock.now())
    const renews = (n: number) =>
      limiter.allow({ kind: 'refresh', ref: String(n), params: new Map() }, 10, clock.now())
    const beats = (n: number, bytes = 10) =>
      limiter.allow({ kind: 'heartbeat', topic: 'rollcall', ref: String(n) }, bytes, clock.now())
    return { limiter, done, faults, takes, beats, renews }
  }
  return { clock, accounts, connect }
}

function make(some: Partial<RatesOptions> = {}) {
  const { clock, connect } = node(some)
  return { clock, ...connect() }
}

describe('[S-9] a limiter', () => {
  const rates = { updates: { perSecond: 10, burst: 1 } }

  test('has one timer while an update waits, and none otherwise', async () => {
    const { clock, takes, done } = make(rates)
    expect(takes(1)).toBe(true)
    expect(clock.pendingCount).toBe(0)
    for (let n = 2; n <= 9; n++) expect(takes(n)).toBe(false)
    expect(clock.pendingCount).toBe(1)
    await clock.advance(100)
    expect(clock.pendingCount).toBe(0)
    expect(done.at(-1)).toBe('due 9')
  })

  test('does nothing more once it is stopped', async () => {
    const { clock, takes, limiter, done } = make(rates)
    takes(1)
    takes(2)
    limiter.stop()
    expect(clock.pendingCount).toBe(0)
    await clock.advance(1000)
    expect(done).toEqual([])
  })

  test('is idle once nothing counts and nothing waits, and not before', async () => {
    const { clock, takes, limiter } = make(rates)
    expect(limiter.isIdle(clock.now())).toBe(true)
    takes(1)
    takes(2)
    expect(limiter.isIdle(clock.now() + 1_000_000)).toBe(false)
    await clock.advance(100)
    expect(limiter.isIdle(clock.now())).toBe(false)
    await clock.advance(100)
    expect(limiter.isIdle(clock.now())).toBe(true)
    limiter.countViolation(clock.now())
    expect(limiter.isIdle(clock.now())).toBe(false)
    await clock.advance(200)
    expect(limiter.isIdle(clock.now())).toBe(true)
  })
})

test('[S-36] says when to retry, in whole milliseconds and at least one', () => {
  const { takes, done, clock } = make({ messages: { perSecond: 30, burst: 1 } })
  takes(1)
  takes(2)
  clock.elapse(33.3)
  takes(3)
  expect(done).toEqual(['throttled 2 for 34', 'throttled 3 for 1'])
})

test('[S-36] allows a message at exactly that time', () => {
  const { limiter } = make({ messages: { perSecond: 1, burst: 1 } })
  const atMs = 1000 - 0.001
  const taken = [0, atMs - 0.01, atMs].map((nowMs) => limiter.allow(update(1), 10, nowMs))
  expect(taken).toEqual([true, false, true])
})

test('[S-36] a rate that is false limits nothing and leaves nothing behind', () => {
  const { clock, limiter, beats } = make({ bytes: false })
  expect([beats(1, 1e9), beats(2, 1e9)]).toEqual([true, true])
  limiter.spend(1e9, clock.now())
  expect(limiter.isIdle(1_000_000)).toBe(true)
})

test.each([
  ['messages', 'message'],
  ['bytes', 'byte'],
  ['joins', 'join'],
  ['updates', 'update'],
] as const)('[S-36] a rate of one of %s a second is told in the singular', (name, singular) => {
  const { clock, faults, limiter } = make({ [name]: { perSecond: 1, burst: 1 } })
  const large = { ...update(3), meta: { text: 'x'.repeat(200) } } as ClientMessage
  const join: ClientMessage = { kind: 'join', topic: 'a', ref: '1', joinRef: '1', payload: {} }
  for (let i = 0; i < 2; i++) limiter.allow(name === 'joins' ? join : large, 1, clock.now())
  expect(faults).toEqual([
    `More than 1 ${singular} a second (server option rates.${name}.perSecond); try again later.`,
  ])
})

test('[S-36] refreshes have their own rate, which other messages do not use up', async () => {
  const { clock, done, faults, beats, renews } = make({ refreshes: { perSecond: 1, burst: 2 } })
  for (let n = 0; n < 10; n++) beats(n)
  expect([renews(1), renews(2), renews(3), beats(4)]).toEqual([true, true, false, true])
  expect(done).toEqual(['throttled 3 for 1000'])
  expect(faults).toEqual([
    'More than 1 refresh a second (server option rates.refreshes.perSecond); try again later.',
  ])
  await clock.advance(1000)
  expect(renews(5)).toBe(true)
})

test('[S-36] an update that replaces a waiting one gets that one its reply, with the time to retry', () => {
  const { clock, done, faults, takes } = make({ updates: { perSecond: 10, burst: 1 } })
  takes(1)
  takes(2)
  clock.elapse(40)
  takes(3)
  expect(done).toEqual(['throttled 2 for 60'])
  expect(faults).toEqual([
    'More than 10 updates a second (server option rates.updates.perSecond); a later update replaced it.',
  ])
})

test('[S-37] a refused frame is a violation of its connection', () => {
  const { clock, limiter, done } = make({ abuse: { perSecond: 0.001, burst: 3 } })
  for (let i = 0; i < 3; i++) limiter.countRefused(10, clock.now())
  expect(done).toEqual([])
  limiter.countRefused(10, clock.now())
  expect(done).toEqual(['abuse'])
})

describe('[S-52] an account', () => {
  const messages = { perSecond: 10, burst: 6 }
  /** How many of so many messages each of these takes, in turns. */
  const taken = (peers: readonly { beats(n: number): boolean }[], each: number) => {
    let count = 0
    for (let n = 0; n < each; n++) for (const peer of peers) if (peer.beats(n)) count++
    return count
  }

  test('may send as much over many connections as over one, and gets a fault that says so', () => {
    const { connect } = node({ messages })
    const peers = Array.from({ length: 64 }, () => connect('ada'))
    expect(taken(peers, 2)).toBe(6)
    expect(taken([connect('bob')], 10)).toBe(6)
    expect(peers[6]?.faults).toContain(
      'This identity sends more than 10 messages a second over all its connections (server option rates.messages.perSecond); try again later.',
    )
    expect(peers[6]?.done[0]).toBe('throttled 0 for 100')
  })

  test('gets no new burst by reconnecting', async () => {
    const { clock, accounts, connect } = node({ messages })
    for (let i = 0; i < 10; i++) {
      const peer = connect('ada')
      taken([peer], 1)
      peer.limiter.stop()
    }
    expect(taken([connect('ada')], 5)).toBe(0)
    expect(accounts.size).toBe(1)
    await clock.advance(100)
    expect(taken([connect('ada')], 5)).toBe(1)
  })

  test('of guests has the rates of several, and each guest those of one', () => {
    const { connect } = node({ messages, guestsPerAddress: 3 })
    const office = guestAccount('10.1.2.3')
    const peers = Array.from({ length: 64 }, () => connect(office))
    expect(taken(peers.slice(0, 1), 20)).toBe(6)
    expect(taken(peers, 2)).toBe(12)
    expect(peers[63]?.faults.at(-1)).toBe(
      'The network of this guest sends more than 30 messages a second over all its connections (server option rates.messages.perSecond, rates.guestsPerAddress); try again later.',
    )
    expect(peers[0]?.faults[0]).toBe(
      'More than 10 messages a second (server option rates.messages.perSecond); try again later.',
    )
  })

  test('counts bytes, joins and presence updates, too', () => {
    const { clock, connect } = node({
      bytes: { perSecond: 1, burst: 100 },
      joins: { perSecond: 1, burst: 2 },
      updates: { perSecond: 1, burst: 2 },
    })
    const [first, second] = [connect('ada'), connect('ada')]
    const join = (peer: typeof first) =>
      peer.limiter.allow({ kind: 'join', topic: 'a', ref: '1', joinRef: '1', payload: {} }, 1, clock.now())
    expect([join(first), join(second), join(first), join(second)]).toEqual([true, true, false, false])
    expect([first.takes(1), second.takes(2), second.takes(3), first.takes(4)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    // They are kept, not refused.
    expect(second.done.filter((what) => what.includes('3'))).toEqual([])
    expect([first.beats(5, 30), second.beats(6, 30)]).toEqual([true, false])
  })

  test('lets its connections update in turns, so that none waits for all of another’s', async () => {
    const { clock, connect } = node({ updates: { perSecond: 10, burst: 1 } })
    const [first, second, third] = [connect('ada'), connect('ada'), connect('ada')]
    first.takes(0)
    for (let n = 1; n <= 50; n++) {
      for (const peer of [first, second, third]) peer.takes(n)
      await clock.advance(50)
    }
    const dueOf = ({ done }: typeof first) => done.filter((what) => what.startsWith('due')).length
    expect([dueOf(first), dueOf(second), dueOf(third)].every((due) => due >= 8)).toBe(true)
    expect(dueOf(first) + dueOf(second) + dueOf(third)).toBeLessThanOrEqual(25)
  })

  test('that is too fast has its connections closed one by one, after several times the violations of one', () => {
    const { connect } = node({ messages, abuse: { perSecond: 1, burst: 5 } })
    const peers = Array.from({ length: 64 }, () => connect('ada'))
    // The account is too fast, none of its connections is.
    taken(peers, 1)
    const closed = peers.filter(({ done }) => done.includes('abuse')).length
    expect(closed).toBe(64 - 6 - 4 * 5)
  })

  test('whose one connection is closed for abuse has its others slowed down, not closed', () => {
    const { clock, connect } = node({ messages, abuse: { perSecond: 1, burst: 5 } })
    const [broken, other] = [connect('ada'), connect('ada')]
    // Closed with the first of these.
    for (let n = 0; !broken.done.includes('abuse'); n++) broken.beats(n)
    expect(taken([other], 5)).toBe(0)
    // Nor is it charged with what the broken one brought about.
    other.limiter.countViolation(clock.now())
    expect(other.done).not.toContain('abuse')
  })

  describe('[S-78] of guests whose violations are used up', () => {
    const abuse = { perSecond: 1, burst: 8 }
    const made = () => {
      const { clock, connect } = node({ messages, abuse, guestsPerAddress: 1 })
      const join = () => connect(guestAccount('10.1.2.3'))
      /** One of them comes back as often as it is closed, until the address has no room for anything. */
      const flood = () => {
        for (let i = 0; i < 20; i++) taken([join()], 100)
      }
      return { clock, join, flood }
    }

    test('slows down another guest and does not close it', async () => {
      const { clock, join, flood } = made()
      const honest = join()
      for (let n = 0; n < 100; n++) {
        await clock.advance(5000)
        flood()
        honest.beats(n)
      }
      expect(honest.done).toHaveLength(100)
      expect(honest.done).not.toContain('abuse')
    })

    test('closes a guest with further violations earlier than otherwise', () => {
      const { join, flood } = made()
      flood()
      const other = join()
      for (let n = 0; n < 3; n++) other.beats(n)
      expect(other.done.filter((what) => what === 'abuse')).toHaveLength(1)
    })
  })

  test('is removed once it has been quiet long enough', async () => {
    const { clock, accounts, connect } = node({ messages: { perSecond: 1, burst: 30 } })
    const lasting = connect('lasting')
    for (let i = 0; i < 1000; i++) connect(`account ${i}`).beats(1)
    for (let n = 0; n < 30; n++) lasting.beats(n)
    expect(accounts.size).toBe(1001)
    await clock.advance(12_000)
    connect('another').beats(1)
    expect(accounts.size).toBe(2)
    expect(taken([lasting], 30)).toBe(12)
  })
})

describe('[S-50] bytes', () => {
  const bytes = { perSecond: 10, burst: 100 }

  test('without a message are a violation over the rate, and one more per 4096', async () => {
    const { clock, limiter, done } = make({ bytes, abuse: { perSecond: 0.001, burst: 3 } })
    for (let i = 0; i < 10; i++) limiter.spend(10, clock.now())
    expect(done).toEqual([])
    for (let i = 0; i < 3; i++) limiter.spend(1, clock.now())
    expect(done).toEqual([])
    limiter.spend(1, clock.now())
    expect(done).toEqual(['abuse'])
    const other = make({ bytes, abuse: { perSecond: 0.001, burst: 3 } })
    other.limiter.spend(100, other.clock.now())
    other.limiter.spend(2 * 4096, other.clock.now())
    expect(other.done).toEqual([])
    other.limiter.spend(1, other.clock.now())
    expect(other.done).toEqual(['abuse'])
  })

  test('of one message count at most one burst, so that it is allowed in the end', async () => {
    const { clock, beats } = make({ bytes })
    expect([beats(1, 5000), beats(2, 1)]).toEqual([true, false])
    await clock.advance(10_000)
    expect(beats(3, 101)).toBe(true)
  })
})

test('[S-36] an update that is too large to wait is refused at once, and the waiting one keeps its turn', async () => {
  const { clock, connect } = node({ updates: { perSecond: 10, burst: 1 } })
  const { limiter, done, takes } = connect()
  takes(1)
  takes(2)
  const large = { ...update(3), meta: { text: 'x'.repeat(200) } } as ClientMessage
  expect(limiter.allow(large, 10, clock.now())).toBe(false)
  expect(done).toEqual(['throttled 3 for 100'])
  await clock.advance(100)
  expect(done.at(-1)).toBe('due 2')
})
