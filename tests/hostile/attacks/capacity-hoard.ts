import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { Arena } from './arena'
import { defineAttack } from './attack'
import type { Stranger } from './stranger'

/** Topics of one session: `limits.channelsPerSession`. */
const TOPICS = 256
const ACCOUNTS = 2
/** Each account stops then, in milliseconds: before the presences of its lost connections leave. */
const BUDGET_MS = 8000
/** Joins of one account at once, and at least so many in each second after that (`rates.messages`, `rates.joins`). */
const BURST = 500
const PER_SECOND = 40
/** A pause after each refusal for speed, so that refusals alone do not close the connection. */
const PAUSE_MS = 500

interface Hoard {
  /** Presences that the account was granted. */
  readonly held: number
  /** The option that the last refusal for a full node or account named. */
  readonly option: string | undefined
  readonly seconds: number
}

export const attack = defineAttack({
  name: 'capacity-hoard',
  tries:
    'fills the node with presences, over many connections of few accounts that it lets linger and opens anew',
  async run(arena) {
    const accounts = Array.from({ length: ACCOUNTS }, (_, n) => hoard(arena, `mallory-hoards-${n}`))
    const hoards = await Promise.all(accounts)
    const honest = await arena.stranger('newcomer')
    const { status } = await honest.ask(arena.room, 'phx_join', { meta: {} })
    return { hoards, status }
  },
  check({ hoards, status }, { scale: { presencesPerIdentity } }) {
    for (const { held, option, seconds } of hoards) {
      if (presencesPerIdentity <= BURST + (PER_SECOND * BUDGET_MS) / 2000) {
        assert.equal(held, presencesPerIdentity)
        assert.equal(option, 'limits.presencesPerIdentity')
      } else {
        // Too many to get in this time: the rate of joins is what holds the account back.
        assert.ok(held <= BURST + 12 + 50 * (seconds + 1), `${held} presences in ${seconds} s`)
      }
    }
    assert.equal(status, 'ok')
    return `${hoards.map(({ held }) => held).join(' and ')} presences of two accounts (limits.presencesPerIdentity, rates.joins)`
  },
})

/** Joins topic after topic until the account may hold no more, or its time is over. */
async function hoard(arena: Arena, account: string): Promise<Hoard> {
  const startedMs = performance.now()
  const secondsSince = () => (performance.now() - startedMs) / 1000
  const perRound = Math.ceil((arena.scale.presencesPerIdentity * 0.75) / TOPICS)
  let held = 0
  for (let session = 0; secondsSince() * 1000 < BUDGET_MS; session++) {
    const stranger = await arena.stranger(account)
    await stranger.ask('rollcall', 'hello', { instance: `${account}-${session}` })
    for (let n = 0; n < TOPICS && secondsSince() * 1000 < BUDGET_MS; ) {
      const reason = await join(stranger, `hoard:${account}-${session}-${n}`)
      if (reason === 'capacity_exceeded') {
        const option = stranger.refusals.get(reason)?.option as string | undefined
        return { held, option, seconds: secondsSince() }
      }
      if (reason === 'throttled') await wait(PAUSE_MS)
      else {
        assert.equal(reason, null)
        held++
        n++
      }
    }
    // What the connections of the first round hold lingers, and their seats are free.
    if (session < perRound) stranger.peer.destroy()
  }
  return { held, option: undefined, seconds: secondsSince() }
}

/** Resolves with the reason of the refusal; null for none. */
async function join(stranger: Stranger, topic: string): Promise<string | null> {
  const { status, response } = await stranger.ask(topic, 'phx_join', { meta: {} })
  return status === 'ok' ? null : (response.reason as string)
}
