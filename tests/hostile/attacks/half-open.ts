import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { soon } from '../support/soon'
import { defineAttack } from './attack'

const AT_ONCE = 50
const EACH_ADDRESS = 50

export const attack = defineAttack({
  name: 'half-open',
  tries: 'opens thousands of TCP connections and says nothing, while somebody new comes in',
  async run(arena) {
    const { halfOpen, maxPending } = arena.scale
    const sockets: Socket[] = []
    let newcomers = 0
    for (let opened = 0; opened < halfOpen; opened += AT_ONCE) {
      const localAddress = opened % EACH_ADDRESS === 0 ? arena.newAddress() : arena.newAddress()
      const batch = await Promise.all(Array.from({ length: AT_ONCE }, () => arena.tcp(localAddress)))
      for (const socket of batch) if (socket) sockets.push(socket.resume().on('end', () => socket.destroy()))
      if (opened % (halfOpen / 5) === 0) {
        const mallory = await arena.stranger()
        newcomers += Number((await mallory.ask('rollcall', 'hello')).status === 'ok')
      }
    }
    const open = () => sockets.filter(({ destroyed }) => !destroyed).length
    await soon(
      () => open() <= maxPending,
      10_000,
      () => `${open()} to be no more than ${maxPending}`,
    )
    return { made: sockets.length, open: open(), newcomers }
  },
  check({ made, open, newcomers }, { scale }) {
    assert.ok(made > scale.halfOpen * 0.9, `${made} were made`)
    assert.equal(newcomers, 5)
    return `the oldest cut off: ${open} of ${made} left (admission.maxPending)`
  },
})
