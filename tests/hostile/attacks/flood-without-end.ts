import assert from 'node:assert/strict'
import { setImmediate as soon } from 'node:timers/promises'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'flood-without-end',
  tries: 'goes on sending, whatever it is told of waiting: ten connections, two of them to the honest',
  async run(arena) {
    const strangers = await Promise.all(Array.from({ length: 10 }, (_, i) => arena.stranger(`mallory-${i}`)))
    return Promise.all(
      strangers.map(async (mallory, n) => {
        // What is taken before it is too fast goes to everybody: of more, the honest would have to read for a second.
        const room = n < 2 ? arena.room : 'room:of-their-own'
        await mallory.ask(room, 'phx_join', { meta: {} })
        const { peer } = mallory
        for (let i = 0; i < arena.scale.flood && !peer.end; i++) {
          peer.say(mallory.frame(room, 'new_msg', { i }))
          // As much as the other end reads; and to hear that it is over takes a turn of one's own.
          await peer.drained()
          if (i % 500 === 0) await soon()
        }
        return { end: await peer.ended(10_000), throttled: mallory.countOf('throttled') }
      }),
    )
  },
  check(outcomes) {
    for (const { end, throttled } of outcomes) {
      // Who still writes when the socket goes may lose the close frame with it.
      assert.ok(end.code === 1008 || end.code === 1006, `closed with ${end.code} ${end.reason}`)
      assert.ok(throttled <= 300, `${throttled} answers to who does not listen`)
    }
    const told = outcomes.filter(({ end }) => end.code === 1008).length
    assert.ok(told > 0, 'Nobody was told why.')
    return `1008 abuse (${told} of ${outcomes.length} heard it)`
  },
})
