import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { handshakeHead } from '../support/raw-peer'
import { soon } from '../support/soon'
import { defineAttack } from './attack'

/** Of one address: fewer than may be under way. */
const EACH_ADDRESS = 20

export const attack = defineAttack({
  name: 'slow-handshake',
  tries: 'sends handshakes byte by byte, and never ends one',
  async run(arena) {
    const { slowHandshakes, headersTimeoutMs } = arena.scale
    const head = Buffer.from(handshakeHead({ port: arena.port, token: arena.token() }))
    const sockets: Socket[] = []
    let localAddress = arena.newAddress()
    for (let i = 1; i <= slowHandshakes; i++) {
      const socket = await arena.tcp(localAddress)
      if (socket) sockets.push(socket)
      if (i % EACH_ADDRESS === 0) localAddress = arena.newAddress()
    }
    let isOver = false
    arena.ends(() => {
      isOver = true
    })
    const drip = async () => {
      for (let at = 0; at < head.length - 4 && !isOver; at++) {
        for (const socket of sockets) if (socket.writable) socket.write(head.subarray(at, at + 1))
        await sleep(headersTimeoutMs / 20)
      }
    }
    const startedMs = performance.now()
    const dripping = drip()
    const left = () => sockets.filter(({ destroyed }) => !destroyed).length
    for (const socket of sockets) socket.resume().on('end', () => socket.destroy())
    await soon(
      () => left() === 0,
      headersTimeoutMs * 3 + 3000,
      () => `${left()} handshakes to be cut off`,
    )
    isOver = true
    await dripping
    return { count: sockets.length, seconds: (performance.now() - startedMs) / 1000 }
  },
  check({ count, seconds }, { scale }) {
    assert.equal(count, scale.slowHandshakes)
    return `all ${count} cut off after ${seconds.toFixed(0)} s (http.headersTimeoutMs)`
  },
})
