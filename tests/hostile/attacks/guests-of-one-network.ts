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
    // Those of the address are used up by as many guests as it has room for, and two more.
    const rounds = TIMES_OF_ACCOUNT * arena.scale.guestsPerAddress + 2
    const offences: number[] = []
    for (let i = 0; i < rounds; i++) offences.push(await offend(await guest()))
    for (let i = 0; i < MISTAKES; i++) honest.peer.say('no JSON')
    const isOpen = await honest.peer.settled(PATIENCE_MS)
    return { status, offences, isOpen, seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ status, offences, isOpen, seconds }) {
    assert.equal(status, 'ok')
    assert.ok(isOpen, 'A guest was put out for what others of its network sent.')
    const most = OFFENCES + Math.ceil(seconds * OFFENCES_PER_SECOND) + AT_ONCE
    for (const count of offences) assert.ok(count <= most, `${count} offences of one guest`)
    const last = offences.at(-1) ?? 0
    const mostOfLast = most / TIMES_OF_GUEST + AT_ONCE
    assert.ok(last <= mostOfLast, `${last} offences of the last guest, where ${mostOfLast.toFixed(0)} may be`)
    return `1008 after ${offences[0]} offences, and after ${last} once those of the address are used up; others stay`
  },
})

/** Sends what is no message until it is closed. How often. */
async function offend(guest: Stranger): Promise<number> {
  let sent = 0
  while (!guest.peer.end && sent < 4 * OFFENCES) {
    for (let i = 0; i < AT_ONCE; i++, sent++) guest.peer.say('no JSON')
    await guest.peer.settled(PATIENCE_MS)
  }
  return sent
}
