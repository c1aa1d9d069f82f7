import assert from 'node:assert/strict'
import { clientFrame } from '../../../packages/server/src/testing-support/client-frames'
import { defineAttack } from './attack'

export const attack = defineAttack({
  name: 'fragment-flood',
  tries: 'begins a message and goes on with empty fragments; and with pings, reading no pong',
  async run(arena) {
    const empty = Buffer.concat(
      Array(1000).fill(clientFrame({ opcode: 0, payload: Buffer.alloc(0), isFinal: false })),
    )
    const pings = Buffer.concat(Array(1000).fill(clientFrame({ opcode: 9, payload: Buffer.alloc(100) })))
    const [fragments, control] = [await arena.stranger('mallory'), await arena.stranger('mallory-2')]
    fragments.peer.write(clientFrame({ opcode: 1, payload: Buffer.from('"'), isFinal: false }))
    control.peer.socket.pause()
    for (let sent = 0; sent < arena.scale.flood; sent += 1000) {
      for (const [{ peer }, bytes] of [
        [fragments, empty],
        [control, pings],
      ] as const) {
        peer.write(bytes)
        await peer.drained()
      }
    }
    control.peer.socket.resume()
    const outcomes: string[] = []
    for (const { peer } of [fragments, control]) {
      // Either it was cut off, or it reads on as if nothing had been.
      const isOpen = await peer.settled(10_000)
      outcomes.push(isOpen ? 'taken' : `${peer.end?.code} ${peer.end?.reason}`.trim())
    }
    return outcomes
  },
  check(outcomes) {
    for (const outcome of outcomes) assert.match(outcome, /^(taken|1002|1006|1008|1009)/)
    return `fragments: ${outcomes[0]}; pings: ${outcomes[1]}`
  },
})
