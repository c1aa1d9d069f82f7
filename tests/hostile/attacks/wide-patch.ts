import assert from 'node:assert/strict'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'

/** Joined by one session; changes of each but the last wait before the last's. */
const ROOMS = 30
/** More changes than `rates.updates` lets through at once. */
const BURST = 90
/** Fields of a patch, each of some ten bytes: more than a meta could have, and as many as one may name. */
const TOO_WIDE = 1900
const WIDE = 60
const TINY = 250
/** To fold the tiny ones into the wide one took seconds. */
const MOST_MS = 2000

export const attack = defineAttack({
  name: 'wide-patch',
  tries: 'sends tiny patches behind one wide patch that waits for its time',
  async run(arena) {
    const mallory = await arena.stranger('mallory-wide')
    const witness = await arena.stranger('mallory-wide-2')
    const rooms = Array.from({ length: ROOMS }, (_, i) => `room:wide-${i}`)
    const [last = ''] = rooms.slice(-1)
    for (const room of rooms) await mallory.ask(room, 'phx_join', { meta: {} })
    await witness.ask(last, 'phx_join', { meta: {} })
    // Nothing that is refused at once was kept.
    const refusals: string[] = []
    const note = mallory.peer.onMessage
    mallory.peer.onMessage = (text, isBinary) => {
      note(text, isBinary)
      const [, ref, topic, , payload] = JSON.parse(text)
      if (topic === last && payload.response?.message?.includes('try again later')) refusals.push(ref)
    }
    const patch = (room: string, fields: object, ref?: string) =>
      mallory.peer.say(mallory.frame(room, 'presence_patch', { patch: fields }, ref))
    for (let i = 0; i < BURST; i++) patch(rooms[i % (ROOMS - 1)] ?? '', { i })
    patch(last, removalOf(TOO_WIDE, 'a'), 'too-wide')
    patch(last, removalOf(WIDE, 'b'), 'wide')
    patch(last, removalOf(WIDE, 'c'), 'wide-again')
    await mallory.peer.settled(PATIENCE_MS)
    const told = witness.peer.hear(
      ([, , , event, { updates }]) =>
        event === 'presence_diff' && updates?.some((one: any) => one.meta.z === TINY),
      PATIENCE_MS,
    )
    const startedMs = performance.now()
    for (let z = 1; z <= TINY; z++) patch(last, { z })
    await mallory.peer.settled(PATIENCE_MS)
    const ms = performance.now() - startedMs
    await told
    return { refusals, ms }
  },
  check({ refusals, ms }) {
    assert.deepEqual(refusals, ['too-wide', 'wide-again'])
    assert.ok(ms < MOST_MS, `${TINY} tiny patches took ${ms.toFixed(0)} ms`)
    return `what is wider than a meta could need is throttled, not kept; ${TINY} tiny ones in ${ms.toFixed(0)} ms, the last one told`
  },
})

/** A patch that takes out fields which are not there. */
function removalOf(count: number, prefix: string): Record<string, null> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, null]))
}
