import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { handshakeHead } from '../support/raw-peer'
import { soon } from '../support/soon'
import { defineAttack } from './attack'
import { PATIENCE_MS } from './patience'
import { PollSession } from './poll-session'

const SOCKETS = 12

export const attack = defineAttack({
  name: 'upgrade-behind-poll',
  tries: 'sends an upgrade behind a poll that is answered while a slow `authenticate` decides',
  server: 'own',
  async run(arena) {
    const session = await PollSession.begin(arena)
    const upgrade = handshakeHead({
      port: arena.port,
      path: '/socket?slowly=1',
      subprotocol: 'rollcall.v1',
      token: arena.token('mallory-slowly'),
    })
    const held: { readonly socket: Socket; answers: string }[] = []
    for (let i = 0; i <= SOCKETS; i++) {
      const socket = await arena.tcp(arena.newAddress())
      assert.ok(socket, 'There is no connection to be had.')
      const one = { socket, answers: '' }
      socket.on('data', (chunk) => {
        one.answers += chunk.toString('latin1')
      })
      // Of two polls the earlier one is answered: each of these ends the one before it.
      socket.write(i < SOCKETS ? session.request + upgrade : session.request)
      const before = held.at(-1)
      held.push(one)
      if (before)
        await soon(
          () => before.answers.includes('"status":204'),
          PATIENCE_MS,
          () => `poll ${i - 1} to be answered`,
        )
    }
    const waiting = held.slice(0, SOCKETS)
    const open = () => waiting.filter(({ socket }) => !socket.destroyed).length
    await soon(
      () => open() === 0,
      PATIENCE_MS,
      () => `${open()} of ${SOCKETS} sockets, which nobody counts, to be cut off`,
    )
    return waiting.map(({ answers }) => answers.match(/HTTP\/1\.1 \d+/g))
  },
  check(answers) {
    for (const each of answers) assert.deepEqual(each, ['HTTP/1.1 200'])
    return `all ${answers.length} cut off, with no answer but the poll's`
  },
})
