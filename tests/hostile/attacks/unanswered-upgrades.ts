import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { handshakeHead } from '../support/raw-peer'
import { soon } from '../support/soon'
import { defineAttack } from './attack'

/** Of one address: fewer than may wait. */
const EACH_ADDRESS = 20

export const attack = defineAttack({
  name: 'unanswered-upgrades',
  tries: 'asks for upgrades of a path that no listener of the HTTP server knows, and waits',
  server: 'attached',
  async run(arena) {
    const { maxPending, upgradeTimeoutMs } = arena.scale
    const head = handshakeHead({ port: arena.port, path: '/nowhere' })
    const sockets: Socket[] = []
    let localAddress = arena.newAddress()
    for (let i = 1; i <= maxPending * 2; i++) {
      const socket = await arena.tcp(localAddress)
      if (socket) sockets.push(socket.resume().on('end', () => socket.destroy()))
      socket?.write(head)
      if (i % EACH_ADDRESS === 0) localAddress = arena.newAddress()
    }
    const open = () => sockets.filter(({ destroyed }) => !destroyed).length
    await soon(
      () => open() <= maxPending,
      upgradeTimeoutMs / 2,
      () => `${open()} to be no more than ${maxPending}`,
    )
    const most = open()
    await soon(
      () => open() === 0,
      upgradeTimeoutMs * 2 + 3000,
      () => `${open()} that nobody answers to be cut off`,
    )
    return { made: sockets.length, most }
  },
  check({ made, most }, { scale }) {
    assert.equal(made, scale.maxPending * 2)
    return `${most} of ${made} may wait (admission.maxPending), for http.upgradeTimeoutMs`
  },
})
