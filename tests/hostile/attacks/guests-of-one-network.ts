import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'
import { Stranger } from './stranger'

/** Refusals that one connection is closed for, at once, and four times as many of an account. (`rates.abuse`) */
const OFFENCES = 200
const OFFENCES_PER_SECOND = 5
const TIMES_OF_ACCOUNT = 4
/** Each offence of a guest counts so many times once those of its address are used up. (S-78) */
const TIMES_OF_GUEST = 4
/** Frames between two looks at whether it was closed. */
const AT_ONCE = 10
/** Of somebody who makes a mistake now and then. */
const MISTAKES = 10

export const attack = defineAttack({
  name: 'guests-of-one-network',
  tries: 'comes as guest after guest from one address and offends, so that others there are put out',
  server: 'own',
  async run(arena) {
    const localAddress = arena.newAddress()
    const guest = async () => new Stranger(await arena.open({ localAddress, subprotocol: 'rollcall.v1' }))
    const honest = await guest()
    const { status } = await honest.ask(arena.room, 'phx_join', { meta: {} })
    const startedMs = performance.now()
    // Those of the address are used up by as many guests as it has room for, and some more: they are given back in time.
    const rounds = 2 * TIMES_OF_ACCOUNT * arena.scale.guestsPerAddress
    const offences: number[] = []
    while (offences.length < rounds && (offences.at(-1) ?? OFFENCES) > mostOfLast(startedMs))
      offences.push(await offend(await guest()))
    for (let i = 0; i < MISTAKES; i++) honest.peer.say('no JSON')
    const isOpen = await honest.peer.settled(PATIENCE_MS)
    return { status, offences, isOpen, startedMs }
  },
  check({ status, offences, isOpen, startedMs }) {
    assert.equal(status, 'ok')
    assert.ok(isOpen, 'A guest was put out for what others of its network sent.')
    for (const count of offences)
      assert.ok(count <= mostOffences(startedMs), `${count} offences of one guest`)
    const last = offences.at(-1) ?? 0
    const most = mostOfLast(startedMs)
    assert.ok(last <= most, `${last} offences of the last guest, where ${most.toFixed(0)} may be`)
    return `1008 after ${offences[0]} offences, and after ${last} once those of the address are used up; others stay`
  },
})

/** Of one guest that came at this time or later. */
function mostOffences(sinceMs: number): number {
  return OFFENCES + Math.ceil(((performance.now() - sinceMs) / 1000) * OFFENCES_PER_SECOND) + AT_ONCE
}

/** The same while those of its address are used up. */
function mostOfLast(sinceMs: number): number {
  return mostOffences(sinceMs) / TIMES_OF_GUEST + AT_ONCE
}

/** Sends what is no message until it is closed. How often. */
async function offend(guest: Stranger): Promise<number> {
  let sent = 0
  while (!guest.peer.end && sent < 4 * OFFENCES) {
    for (let i = 0; i < AT_ONCE; i++, sent++) guest.peer.say('no JSON')
    await guest.peer.settled(PATIENCE_MS)
  }
  return sent
}
