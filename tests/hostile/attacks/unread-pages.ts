import assert from 'node:assert/strict'
import { soon } from '../support/soon'
import { defineAttack } from './attack'
import { requestFor, scriptOf, visit } from './page-visit'
import { PATIENCE_MS } from './patience'

/** Together more files than a process may open. */
const SOCKETS = 20
const PIPELINED = 1200
/** Fewer than are cut off for. */
const PATIENT = 30
const ABORTED = 200

export const attack = defineAttack({
  name: 'unread-pages',
  tries: 'asks for the page a thousand times at once and reads nothing, or goes when it begins to come',
  async run(arena) {
    const path = await scriptOf(arena)
    const dial = async (requests: number) => {
      const socket = await arena.tcp(arena.newAddress())
      assert.ok(socket, 'There is no connection to be had.')
      socket.write(requestFor(path).repeat(requests))
      return socket
    }
    const crowding = await Promise.all(Array.from({ length: SOCKETS }, () => dial(PIPELINED)))
    let cut = 0
    // Nothing is read; to write more tells that the other end is gone.
    for (const socket of crowding) socket.once('close', () => cut++)
    await soon(
      () => {
        for (const socket of crowding) if (!socket.destroyed) socket.write('\r\n')
        return cut === SOCKETS
      },
      PATIENCE_MS,
      () => `${cut} of ${SOCKETS} to be cut off`,
    )
    const patient = await Promise.all(Array.from({ length: SOCKETS }, () => dial(PATIENT)))
    for (let i = 0; i < ABORTED; i++) {
      const socket = await dial(10)
      await new Promise((resolve) => socket.once('data', resolve))
      socket.destroy()
    }
    const { status } = await visit(arena, path)
    return { cut, status, waiting: patient.filter(({ destroyed }) => !destroyed).length }
  },
  check({ cut, status, waiting }) {
    assert.equal(status, 200)
    assert.equal(waiting, SOCKETS, 'Who waits for little was cut off, too.')
    return `cut off: ${cut} of ${SOCKETS} (http.maxPipelined); ${waiting} that wait for little are left alone`
  },
})
