import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import type { Stranger } from './stranger'

/** Topics of one session: `limits.channelsPerSession`. */
const TOPICS = 256
/** Of the handful of accounts that somebody has. */
const ACCOUNTS = 2

export const attack = defineAttack({
  name: 'capacity-hoard',
  tries:
    'fills the node with presences, over many connections of few accounts that it lets linger and opens anew',
  async run(arena) {
    const perRound = Math.ceil((arena.scale.presencesPerIdentity * 0.75) / TOPICS)
    const held: number[] = []
    let option: string | undefined
    for (let account = 0; account < ACCOUNTS; account++) {
      const name = `mallory-hoards-${account}`
      let sent = 0
      let refused = 0
      // The connections of the first round are gone, with all that they have waiting for them; their seats are free.
      for (let round = 0; round < 2; round++) {
        const strangers: Stranger[] = []
        for (let i = 0; i < perRound; i++) {
          const stranger = await arena.stranger(name)
          await stranger.ask('rollcall', 'hello', { instance: `${round}-${i}` })
          const topic = `hoard:${account}-${round}-${i}`
          for (let n = 1; n < TOPICS; n++)
            stranger.peer.say(stranger.frame(`${topic}-${n}`, 'phx_join', { meta: {} }))
          // Refusals come in the order of the joins.
          await stranger.ask(`${topic}-${TOPICS}`, 'phx_join', { meta: {} })
          strangers.push(stranger)
        }
        for (const stranger of strangers) {
          sent += TOPICS
          refused += stranger.countOf('capacity_exceeded')
          option ??= stranger.refusals.get('capacity_exceeded')?.option
          if (round === 0) stranger.peer.destroy()
        }
      }
      held.push(sent - refused)
    }
    const honest = await arena.stranger('newcomer')
    const { status } = await honest.ask(arena.room, 'phx_join', { meta: {} })
    return { held, option, status }
  },
  check({ held, option, status }, { scale: { presencesPerIdentity } }) {
    assert.deepEqual(
      held,
      Array.from({ length: ACCOUNTS }, () => presencesPerIdentity),
    )
    assert.equal(option, 'limits.presencesPerIdentity')
    assert.equal(status, 'ok')
    return `capacity_exceeded (limits.presencesPerIdentity) after ${presencesPerIdentity} of each account`
  },
})
